"""The muons of the muon study: simulated, generated, generated for a region; their distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.boosted_trees import figure_of_merit
from jetgen.classifiers.figure_of_merit import FEWEST_CLASSIFIED, FigureOfMerit
from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.reading import read
from jetgen.evaluation.checks import ComparisonInput
from jetgen.evaluation.columns import column_table
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.resampling import resample
from jetgen.kinds import ENTRIES
from jetgen.metrics.trainings import TrainingMean, mean_of
from jetgen.physics.classes import class_index
from jetgen.physics.features import measure_features
from jetgen.physics.muons import DECADES, MOMENTUM, MUON, MUON_OBSERVABLES, START, measure_muons
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.quantities import Quantity
from jetgen.physics.region import Region
from jetgen.runs.trained_model import load
from jetgen.weights import effective_size

KINDS = ("minus-prompt", "plus-prompt", "minus-displaced", "plus-displaced")
MODELS = {"gan": "GAN", "vae": "VAE"}
AIMED = "plus-displaced"
"""The category for which muons of a region are generated."""

AIMED_VAE, AIMED_GAN = "VAE, codes of the region", "GAN, conditioned on the region"
SIMULATED = "simulated"
QUANTITIES = [Quantity(o, 1.0, o.title) for o in MUON_OBSERVABLES]
PLANE = (MOMENTUM[0], MOMENTUM[1], DECADES[0], *START)
"""The variables whose pairs are compared."""

_COMPARED = 4000
"""Largest number of muons per sample for distances."""


class Category(NamedTuple):
    """One charge and origin: simulated muons, those of each model, and their distances.

    Args:
        real: simulated muons that were not used in any training, with their weights.
        trained: generated muons by model, one sample per training.
        same: boosted trees for simulated muons against others of the same simulation.
        merits: boosted trees for the muons of each model and training.
        comparison: distances in each variable, correlations and pairs, of every training.
    """

    real: MeasuredSets
    trained: dict[str, list[MeasuredSets]]
    same: FigureOfMerit
    merits: dict[str, list[FigureOfMerit]]
    comparison: Comparison

    @property
    def muons(self) -> dict[str, MeasuredSets]:
        """The muons of the first training of each model, for figures."""
        return {title: samples[0] for title, samples in self.trained.items()}

    def areas(self, title: str) -> list[float]:
        """The AUC of boosted trees for each training of a model."""
        return [test.auc for test in self.merits[title]]

    def samples(self, title: str) -> list[str]:
        """The names of the trainings of a model in the comparison."""
        return [training_name(title, i + 1) for i in range(len(self.trained[title]))]

    def spreads(self, title: str, row: str) -> list[float]:
        """The distance of each training in a row of the table, in σ above the floor."""
        distances = self.comparison.row(row).distances
        return [distances[sample].spreads for sample in self.samples(title)]


class Share(NamedTuple):
    """Muons that were generated for a region.

    Args:
        value: the share of them in the region, over trainings; for simulated muons with its
            statistical error.
        inside: the muons of the first training in the region.
        area: the AUC of boosted trees for these against simulated ones of the region, over
            trainings; None if too few.
        merit: the trees' result for the first training.
    """

    value: TrainingMean
    inside: MeasuredSets
    area: TrainingMean | None
    merit: FigureOfMerit | None


def training_name(title: str, number: int) -> str:
    """The name of a sample in tables."""
    return f"{title}, training {number}"


def runs_of(folder: Path, model: str, kind: str) -> list[Path]:
    """The trainings of a model on one category, by seed."""
    return sorted(path.parent for path in folder.glob(f"{model}-{kind}-*/config.yaml"))


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
        title: [load(path).generate(len(real)) for path in runs_of(folder, model, kind)]
        for model, title in MODELS.items()
    }
    trained = {title: [measured(cloud) for cloud in made] for title, made in clouds.items()}
    samples = {
        training_name(title, number): muons
        for title, made in trained.items()
        for number, muons in enumerate(made, 1)
    }
    pool = measured(ParticleCloud.concatenate([real, known]))
    whole = torch.ones(len(real), dtype=torch.bool)
    checked = ComparisonInput(measured(real), samples, pool, whole, ())
    drawn = resample(checked, replicas=50, seed=1, most=_COMPARED)
    shown = [q for q in QUANTITIES if all(q.name in m.observables for m in samples.values())]
    paired = [o.name for o in PLANE if o.name in [q.name for q in shown]]
    columns = next(iter(clouds.values()))[0].features
    return Category(
        real=measured(real),
        trained=trained,
        same=merit(real, _with_columns(known, columns)),
        merits={title: [merit(real, cloud) for cloud in made] for title, made in clouds.items()},
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

    def share(trained: Sequence[MeasuredSets]) -> Share:
        chosen = [region.select(muons.observables) for muons in trained]
        values = [
            weighted_share(some, muons.frame.weights)[0]
            for some, muons in zip(chosen, trained, strict=True)
        ]
        found = [muons[some] for some, muons in zip(chosen, trained, strict=True)]
        tests = [
            merit(reference.relative, muons.relative)
            for muons in found
            if min(len(muons), len(reference)) >= FEWEST_CLASSIFIED
        ]
        area = mean_of([test.auc for test in tests]) if tests else None
        return Share(mean_of(values), found[0], area, tests[0] if tests else None)

    aimed = {
        title: [measured(read(path)) for path in sorted(folder.glob(f"region-{model}-*.h5"))]
        for title, model in ((AIMED_VAE, "vae"), (AIMED_GAN, "gan"))
    }
    simulated = share([measured(seen)])
    value = TrainingMean(*weighted_share(inside, real.frame.weights))
    return {
        SIMULATED: simulated._replace(value=value, inside=reference),
        **{title: share(trained) for title, trained in (category.trained | aimed).items()},
    }
