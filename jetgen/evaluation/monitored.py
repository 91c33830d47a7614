"""Figures of merit cheap enough to follow during a training: generated against real jets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch

from jetgen.cloud import ParticleCloud
from jetgen.evaluation.boosted_trees import feature_table, figure_of_merit
from jetgen.evaluation.fpd import frechet, normalised
from jetgen.evaluation.wasserstein import wasserstein
from jetgen.physics.efp import efps
from jetgen.physics.observables import Measured, measure

Figure = Callable[[Measured, Measured], float]

FEWEST = 100
"""Jets of each kind below which no figure says much, and the trees learn nothing."""

MOST = 5_000
"""Jets of each kind that are looked at."""


def monitored_figures(
    names: Sequence[str], real: ParticleCloud, generated: ParticleCloud
) -> dict[str, float]:
    """Each figure of generated against real jets, less being better, from all jets given.

    ``w1m`` and ``w1p`` are W1 of the relative mass and the mean of W1 over the three particle
    features; ``fpd`` is the Frechet distance of the 36 polynomials, not extrapolated; ``fom`` is
    the AUC of boosted trees on jet observables. All are infinite for generated jets that hold a
    value that is not finite, or no particle at all.
    """
    made, known = measure(generated), measure(real)
    values = [made.relative.particles, *made.observables.values()]
    if not all(bool(part.isfinite().all()) for part in values) or not made.relative.mask.any():
        return dict.fromkeys(names, math.inf)
    return {name: FIGURES[name](known, made) for name in names}


def _w1m(real: Measured, generated: Measured) -> float:
    return wasserstein(
        real.observables["relative_mass"], generated.observables["relative_mass"]
    ).item()


def _w1p(real: Measured, generated: Measured) -> float:
    x, y = (jets.relative.particles[jets.relative.mask] for jets in (real, generated))
    distances = [wasserstein(a, b) for a, b in zip(x.unbind(1), y.unbind(1), strict=True)]
    return torch.stack(distances).mean().item()


def _fpd(real: Measured, generated: Measured) -> float:
    x, y = normalised(efps(real.relative), efps(generated.relative))
    return frechet(x, y, x.new_ones(len(x)), y.new_ones(len(y))).item()


def _fom(real: Measured, generated: Measured) -> float:
    return figure_of_merit(*feature_table(real, generated)).auc


FIGURES: Mapping[str, Figure] = {"w1m": _w1m, "w1p": _w1p, "fpd": _fpd, "fom": _fom}
