"""Sets encoded with a trained autoencoder, and what is known of these sets beside their codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets import read
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
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import TrainedModel, load

INFORMED = 3000
"""Jets at most for the mutual information."""

_MAIN = ("mass", "multiplicity", "pt", "type")
_COLUMNS = 3


class EncodedSets(NamedTuple):
    """The codes of jets and what is known of these jets, in the same order.

    Args:
        model: whose codes they are.
        jets: in the run's representation.
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
        """``(L, O)`` mutual information in nats of columns and observables.

        Of one draw of each posterior, which is what the decoder sees: the mean of a column can
        follow an observable and yet drown in the column's width.
        """
        codes = self.latent.codes[:INFORMED]
        found = [
            mutual_information(codes, o.values[:INFORMED], discrete=o.discrete, seed=seed)
            for o in self.observed.values()
        ]
        return torch.stack(found, dim=1)

    def correlation(self) -> Tensor:
        """``(L, O)`` rank correlations of columns and observables."""
        values = torch.stack([o.values for o in self.observed.values()], dim=1)
        return rank_correlation(self.latent.mean, values)

    def inside(self, region: Region) -> Tensor:
        """``(B,)`` bool, the jets of a region."""
        return region.select(values_by_name(self.observed))


def main_jet_observables(encoded: EncodedSets) -> list[str]:
    """Mass, multiplicity, pT and class, as far as these jets have them."""
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
    jets: int = 5000,
    seed: int = 1,
    asked: Sequence[str] = (),
) -> EncodedSets:
    """Encode jets, or other sets, with a trained autoencoder.

    Args:
        run: the folder of the run.
        data: files with jets; the run's held-out jets by default.
        jets: at most this many, chosen at random.
        seed: of the choice.
        asked: observables that must be known; of a table also columns not trained on.

    Raises:
        InputError: when the run is not finished or no autoencoder, or the jets cannot be read.
    """
    model = load(run)
    cloud = _chosen(model, data, jets, seed)
    measure = model.config.kind.measure
    measured = measure(cloud)
    further = [name for name in dict.fromkeys(asked) if name not in measured.observables]
    if further and model.config.columns:  # else there is no other column
        cloud = _chosen(model, data, jets, seed, further)
        measured = measure(cloud)
    latent = latent_space(model, cloud, seed)
    return EncodedSets(model, cloud, measured, latent, observe(cloud, measured))


def _chosen(
    model: TrainedModel,
    data: Sequence[str],
    jets: int,
    seed: int,
    extra_columns: Sequence[str] = (),
) -> ParticleCloud:
    """The sets to look at, with further columns of a table ``extra_columns`` as conditions."""
    config = model.config
    if data:
        conditions = [*config.auxiliary_columns(), *extra_columns]
        read_in = read(list(data), columns=config.columns, conditions=conditions)
        cloud = represent(read_in, config)
    else:
        cloud = model.held_out(extra_columns)
    chosen = torch.randperm(len(cloud), generator=torch.Generator().manual_seed(seed))
    return cloud[chosen[:jets]]
