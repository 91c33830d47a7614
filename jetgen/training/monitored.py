"""Metrics of generated against real jets that are cheap enough for use during training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import torch

from jetgen.classifiers.boosted_trees import feature_table, figure_of_merit
from jetgen.classifiers.figure_of_merit import FigureOfMerit, keys_of_sets
from jetgen.cloud import ParticleCloud
from jetgen.components import FIGURES
from jetgen.evaluation.columns import column_table
from jetgen.metrics.base import Metric
from jetgen.metrics.fpd import frechet, normalised
from jetgen.metrics.wasserstein import wasserstein
from jetgen.physics.features import measure_features
from jetgen.physics.observables import PARTICLE_OBSERVABLES, MeasuredSets, measure
from jetgen.physics.substructure import with_substructure

FEWEST_MONITORED = 100
"""Smallest number of jets per sample for monitored metrics."""

MOST_MONITORED = 5_000
"""Largest number of jets per sample for monitored metrics."""


def known_jets(names: Sequence[str], real: ParticleCloud) -> MeasuredSets:
    """The measurements of real jets that the metrics need, computed once per training."""
    measured = _measured(real)
    return with_substructure(measured) if "fom" in names else measured


def monitored_figures(
    names: Sequence[str], known: MeasuredSets, generated: ParticleCloud
) -> dict[str, float]:
    """Metrics of generated against real jets, from all jets passed; smaller is better.

    ``w1m`` and ``w1p`` are W1 of the relative mass and the mean of W1 over the three particle
    features; ``fpd`` is the Frechet distance of the 36 polynomials, not extrapolated; ``fom`` is
    the AUC of boosted trees on jet observables; with it come ``fom_chi2`` and ``fom_overlap``, the
    reduced chi-squared and the overlap of the two distributions of the trees' output. Event
    weights are used. All are infinite if a generated jet has a value that is not finite, or if
    there is no particle in any of them.

    Args:
        names: the names of the metrics.
        known: the real jets, from :func:`known_jets` with the same names.
        generated: the generated jets.
    """
    made = _measured(generated)
    items = (piece.relative.particles for piece in made.pieces())
    values = chain(items, made.observables.values())
    if not all(bool(part.isfinite().all()) for part in values) or not made.multiplicity.any():
        return dict.fromkeys(names, math.inf)
    found: dict[str, float] = {}
    for name in names:
        figure = FIGURES[name]()
        found |= figure.figures(name, figure.taken(known), figure.taken(made))
    return found


def known_sets(names: Sequence[str], real: ParticleCloud) -> MeasuredSets:
    """:func:`known_jets` for sets of named features."""
    return measure_features(real)


def monitored_sets(
    names: Sequence[str], known: MeasuredSets, generated: ParticleCloud
) -> dict[str, float]:
    """:func:`monitored_figures` of sets of named features: ``fom``, on the columns of the sets."""
    made = measure_features(generated)
    if not all(bool(values.isfinite().all()) for values in made.observables.values()):
        return dict.fromkeys(names, math.inf)
    weights = known.frame.weights, generated.weights
    return _figures(figure_of_merit(*column_table(known, made), weights=weights))


def _measured(cloud: ParticleCloud) -> MeasuredSets:
    """With weights of one on average."""
    return measure(cloud.replace(weights=cloud.weights / cloud.weights.mean()))


class W1M(Metric):
    """W1 of the relative mass."""

    title = "W1 of the relative mass"
    uses_weights = True

    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        masses = (jets.observables["relative_mass"] for jets in (real, generated))
        weights = (jets.frame.weights for jets in (real, generated))
        return wasserstein(*masses, *weights).item()


class W1P(Metric):
    """The mean of W1 over the three particle features."""

    title = "mean W1 of the particle features"
    uses_weights = True

    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        both = real, generated
        weights = [jets.weights.repeat_interleave(jets.multiplicity) for jets in both]
        distances = [
            wasserstein(*(jets.pooled(o.name) for jets in both), *weights)
            for o in PARTICLE_OBSERVABLES
        ]
        return torch.stack(distances).mean().item()


class FPD(Metric):
    """The Frechet distance of the 36 energy-flow polynomials, not extrapolated."""

    title = "Frechet distance of energy-flow polynomials"
    uses_weights = True

    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        x, y = normalised(real.polynomials, generated.polynomials)
        counts = torch.ones_like(real.weights), torch.ones_like(generated.weights)
        return frechet(x, y, *counts, real.weights, generated.weights).item()


class FOM(Metric):
    """The AUC of boosted trees on jet observables."""

    title = "AUC of boosted trees"
    uses_weights = True

    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        return self.figures("fom", real, generated)["fom"]

    def figures(self, name: str, real: MeasuredSets, generated: MeasuredSets) -> dict[str, float]:
        merit = figure_of_merit(
            *feature_table(real, generated),
            weights=(real.weights, generated.weights),
            keys=keys_of_sets(real, generated),
        )
        return _figures(merit)


def _figures(merit: FigureOfMerit) -> dict[str, float]:
    return {"fom": merit.auc, "fom_chi2": merit.chi2, "fom_overlap": merit.overlap}
