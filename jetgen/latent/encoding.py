"""Sets encoded with a trained autoencoder, and their observables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.reading import FileOptions
from jetgen.datasets import read
from jetgen.datasets.choosing import Wanted, choose_in_memory
from jetgen.datasets.detection import map_of
from jetgen.metrics.latent import LatentSpace, rank_correlation
from jetgen.metrics.mutual_information import mutual_information
from jetgen.objectives.preparation import represent
from jetgen.physics.observable_values import (
    ObservableValues,
    observe,
    values_by_name,
)
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.region import Region
from jetgen.runs.data import are_data_of
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import TrainedModel, load
from jetgen.weights import unweighted_draw

INFORMED = 3000
"""Largest number of jets for the mutual information."""

_MAIN = ("mass", "multiplicity", "pt", "type")
_COLUMNS = 3


class EncodedSets(NamedTuple):
    """The codes and observables of jets, in the same order.

    Args:
        model: the model that encoded them.
        jets: the jets in the run's representation.
        measured: the same jets, measured.
        latent: their codes.
        observed: their observables by name.
    """

    model: TrainedModel
    jets: ParticleCloud
    measured: MeasuredSets
    latent: LatentSpace
    observed: dict[str, ObservableValues]

    @property
    def main(self) -> list[str]:
        """The names of the observables that are shown first."""
        names: list[str] = self.measured.kind.main_observables(self)
        return names

    def information(self, seed: int = 1) -> Tensor:
        """``(L, O)`` mutual information in nats of latent dimensions and observables.

        Uses one draw from each posterior, because this is what the decoder receives: the mean of a
        dimension can follow an observable although the width of the posterior is much larger.
        """
        codes = self.latent.codes[:INFORMED]
        found = [
            mutual_information(codes, o.values[:INFORMED], discrete=o.discrete, seed=seed)
            for o in self.observed.values()
        ]
        return torch.stack(found, dim=1)

    def correlation(self) -> Tensor:
        """``(L, O)`` rank correlations of latent dimensions and observables."""
        values = torch.stack([o.values for o in self.observed.values()], dim=1)
        return rank_correlation(self.latent.mean, values)

    def inside(self, region: Region) -> Tensor:
        """``(B,)`` bool, whether each jet is in a region."""
        return region.select(values_by_name(self.observed))


def main_jet_observables(encoded: EncodedSets) -> list[str]:
    """Mass, multiplicity, pT and class, if these jets have them."""
    return [name for name in _MAIN if name in encoded.observed]


def main_columns(encoded: EncodedSets) -> list[str]:
    """The first columns, then the conditions of the model and the target."""
    conditions = [feature.name for feature in encoded.jets.condition_features]
    columns = [name for name in encoded.observed if name not in conditions]
    further = [name for name in encoded.observed if name in conditions]
    return [*columns[:_COLUMNS], *further]


def encode_sets(
    run: str | Path,
    data: Sequence[str] = (),
    asked: Sequence[str] = (),
    **options: Unpack[FileOptions],
) -> EncodedSets:
    """Encode jets, or other sets, with a trained autoencoder.

    Args:
        run: the folder of the run.
        data: files with jets, which are read as those of the run were. Those that the run was
            trained on, wherever they are now, stand for its held-out jets, the default.
        asked: observables that are required; for a table also columns that were not trained on.
        jets: at most this many, by default 5000, drawn at random by their event weights, each at
            most once.
        seed: seed of the choice.
        map: the columns of ``data`` with the momenta; those of the training by default.
        allow: anomalies in ``data`` to accept, as for :func:`jetgen.read`; those of the training by
            default.
        select: keep only those of ``data`` that meet this condition; by default as in the training.
        drop_missing: keep only those of ``data`` without missing values; as in the training by
            default. Sets without a value of ``asked`` are then left out, too.
        first: whether the first jets are taken instead.

    Raises:
        InputError: when the run is not a finished autoencoder, or the jets cannot be read.
    """
    model = load(run)
    if data and are_data_of(model.config, model.folder, data):
        model, data = load(run, data=data), ()
    reading = {
        "map": options.get("map") or (map_of(data, model.config.map) if data else {}),
        "allow": options.get("allow") or model.config.allow,
        "select": options.get("select") or model.config.select,
        "drop_missing": options.get("drop_missing") or model.config.drop_missing,
        "classes": model.config.classes,
    }
    jets, seed = options.get("jets", 5000), options.get("seed", 1)
    kept = None if options.get("first") else seed
    cloud = _chosen(model, data, jets, kept, reading)
    measure = model.config.kind.measure
    measured = measure(cloud)
    further = [name for name in dict.fromkeys(asked) if name not in measured.observables]
    if further and model.config.columns:  # other runs have no further columns
        cloud = _chosen(model, data, jets, kept, reading, further)
        measured = measure(cloud)
    latent = latent_space(model, cloud, seed)
    return EncodedSets(model, cloud, measured, latent, observe(cloud, measured))


def _chosen(
    model: TrainedModel,
    data: Sequence[str],
    jets: int | None,
    seed: int | None,
    reading: Mapping[str, Any],
    extra_columns: Sequence[str] = (),
) -> ParticleCloud:
    """The sets to encode, with the columns ``extra_columns`` of a table as conditions."""
    config = model.config
    if data:
        conditions = [*config.auxiliary_columns(), *extra_columns]
        read_in = read(data, columns=config.columns, conditions=conditions, **reading)
        cloud = represent(read_in, config)
    else:
        cloud = model.held_out(extra_columns)
        if extra_columns and config.drop_missing:
            cloud = choose_in_memory(cloud, Wanted(complete=True, conditions=tuple(extra_columns)))
    generator = torch.Generator().manual_seed(1 if seed is None else seed)
    kept = unweighted_draw(cloud.weights, generator)
    if seed is not None:
        kept = kept[torch.randperm(len(kept), generator=generator)]
    return cloud[kept[:jets]].replace(weights=None)
