"""The muons of the muon study: simulated, generated, generated for a region; their distances."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.boosted_trees import figure_of_merit
from jetgen.classifiers.figure_of_merit import FEWEST_CLASSIFIED, FigureOfMerit
from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.detection import open_source
from jetgen.datasets.reading import read
from jetgen.evaluation.checks import ComparisonInput
from jetgen.evaluation.columns import column_table
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.resampling import resample
from jetgen.kinds import ENTRIES
from jetgen.physics.classes import class_index
from jetgen.physics.features import measure_features
from jetgen.physics.muons import DECADES, MOMENTUM, MUON, MUON_OBSERVABLES, START, measure_muons
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.quantities import Quantity
from jetgen.physics.region import Region
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study
from jetgen.weights import effective_size

KINDS = ("minus-prompt", "plus-prompt", "minus-displaced", "plus-displaced")
MODELS = {"gan": "GAN", "vae": "VAE"}
AIMED = "plus-displaced"
"""The category for which muons of a region are generated."""

AIMED_VAE, AIMED_GAN = "VAE, codes of the region", "GAN, conditioned on the region"
SIMULATED = "simulated"
SIMULATION = "Pythia, of weight one"
"""The source whose speed others are compared with."""

QUANTITIES = [Quantity(o, 1.0, o.title) for o in MUON_OBSERVABLES]
PLANE = (MOMENTUM[0], MOMENTUM[1], DECADES[0], *START)
"""The variables whose pairs are compared."""

_COMPARED = 4000
"""Largest number of muons per sample for distances."""


class Category(NamedTuple):
    """One charge and origin: simulated muons, those of each model, and their distances.

    Args:
        real: simulated muons that were not used in any training, with their weights.
        muons: generated muons by model.
        same: boosted trees for simulated muons against others of the same simulation.
        merits: boosted trees for the muons of each model.
        comparison: distances in each variable, correlations and pairs.
    """

    real: MeasuredSets
    muons: dict[str, MeasuredSets]
    same: FigureOfMerit
    merits: dict[str, FigureOfMerit]
    comparison: Comparison


class Share(NamedTuple):
    """Muons that were generated for a region.

    Args:
        value, error: the share of them in the region, and its statistical error.
        inside: the muons in the region.
        merit: boosted trees for these against simulated ones of the region; None if too few.
    """

    value: float
    error: float
    inside: MeasuredSets
    merit: FigureOfMerit | None


def of_kind(muons: ParticleCloud, kind: str) -> ParticleCloud:
    """The muons of one category."""
    return muons[muons.condition("type") == class_index(f"mu-{kind}")]


def measured(muons: ParticleCloud) -> MeasuredSets:
    """Measured muons; those of a model of prompt muons have no start x, y."""
    return MeasuredSets(muons.to(torch.float64), measure_muons(muons), ENTRIES.called(MUON))


def merit(real: ParticleCloud, made: ParticleCloud) -> FigureOfMerit:
    """Boosted trees on the columns of both, with weights."""
    table = column_table(measure_features(real), measure_features(made))
    return figure_of_merit(*table, weights=(real.weights, made.weights))


def weighted_share(inside: Tensor, weights: Tensor) -> tuple[float, float]:
    """The share of the weight that lies inside, and its binomial error."""
    share = min(float(weights[inside].sum() / weights.sum()), 1.0)  # up to rounding
    return share, math.sqrt(share * (1 - share) / effective_size(weights))


def measured_category(
    folder: Path, kind: str, test: ParticleCloud, seen: ParticleCloud
) -> Category:
    real, known = of_kind(test, kind), of_kind(seen, kind)
    clouds = {
        title: load(folder / f"{model}-{kind}").generate(len(real))
        for model, title in MODELS.items()
    }
    muons = {title: measured(cloud) for title, cloud in clouds.items()}
    pool = measured(ParticleCloud.concatenate([real, known]))
    whole = torch.ones(len(real), dtype=torch.bool)
    checked = ComparisonInput(measured(real), muons, pool, whole, ())
    drawn = resample(checked, replicas=50, seed=1, most=_COMPARED)
    shown = [q for q in QUANTITIES if all(q.name in m.observables for m in muons.values())]
    paired = [o.name for o in PLANE if o.name in [q.name for q in shown]]
    columns = next(iter(clouds.values())).features
    return Category(
        real=measured(real),
        muons=muons,
        same=merit(real, _with_columns(known, columns)),
        merits={title: merit(real, cloud) for title, cloud in clouds.items()},
        comparison=compare_resampled(drawn, shown).with_rows(pair_rows(drawn, paired)),
    )


def _with_columns(muons: ParticleCloud, features: Sequence[Feature]) -> ParticleCloud:
    particles = torch.stack([muons.feature(f.name) for f in features], dim=2)
    return ParticleCloud(particles, muons.mask, tuple(features), weights=muons.weights)


def region_shares(
    folder: Path, region: Region, category: Category, seen: ParticleCloud
) -> dict[str, Share]:
    """The shares in the region: simulated muons, generated ones, and ones generated for it."""
    real = category.real
    inside = region.select(real.observables)
    reference = real[inside]

    def share(muons: MeasuredSets) -> Share:
        chosen = region.select(muons.observables)
        value, error = weighted_share(chosen, muons.relative.weights)
        found = muons[chosen]
        enough = min(len(found), len(reference)) >= FEWEST_CLASSIFIED
        test = merit(reference.relative, found.relative) if enough else None
        return Share(value, error, found, test)

    aimed = {
        AIMED_VAE: measured(read(folder / "region-vae.h5")),
        AIMED_GAN: measured(read(folder / "region-gan.h5")),
    }
    simulated = share(measured(seen))
    value, error = weighted_share(inside, real.relative.weights)
    return {
        SIMULATED: simulated._replace(value=value, error=error, inside=reference),
        **{title: share(muons) for title, muons in (category.muons | aimed).items()},
    }


def throughput(study: Study, test: ParticleCloud) -> dict[str, float]:
    """Muons per second including writing; for Pythia also the effective number of weight one.

    Without Pythia if the muons are the user's.
    """
    import uproot

    names = ("muons", "gan", "vae")
    said = {name: open_source(study.file(name)).attributes for name in names}
    with uproot.open(study.folder / "gan.root") as file:
        root = json.loads(str(file["attributes"]))
    simulated = {}
    if "muons" not in study.given:
        rate = float(said["muons"]["jets_per_second"])
        equal = effective_size(test.weights) / len(test)
        simulated = {"Pythia, weighted": rate, SIMULATION: rate * equal}
    return {
        **simulated,
        "GAN, HDF5": float(said["gan"]["jets_per_second"]),
        "GAN, ROOT": float(root["jets_per_second"]),
        "VAE, HDF5": float(said["vae"]["jets_per_second"]),
    }
