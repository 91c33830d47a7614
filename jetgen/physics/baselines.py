"""Trivial generators, which a trained model must outperform."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.kinds import ENTRIES, JETS
from jetgen.physics.observables import MeasuredSets, measure
from jetgen.weights import require_some_weight

_TOGETHER = 8_192
"""Sets that are filled together, which bounds the memory."""


class Frames(NamedTuple):
    """Real sets ``real``, and masks ``(J, N)`` and indices ``(J,)`` of the jets drawn from them."""

    real: MeasuredSets
    mask: Tensor
    drawn: Tensor

    def filled(self, particles: Tensor) -> ParticleCloud:
        """``particles`` ``(J, N, F)`` with the drawn jets' masks and conditions, unit weights."""
        real = self.real.frame
        conditions = real.conditions[self.drawn]
        return ParticleCloud(
            particles, self.mask, real.features, conditions, real.condition_features
        )


def independent_particles(
    training: ParticleCloud | MeasuredSets, jets: int, generator: torch.Generator
) -> ParticleCloud:
    """Jets of statistically independent particles.

    Multiplicity and jet kinematics are those of a real jet drawn at random (by event weight);
    etarel, phirel and ptrel of each particle are drawn independently of each other and of other
    particles, from all particles of the training jets. The particles do not add up to the jet's
    kinematics.

    Args:
        training: jets in any representation, or measured.
        jets: number of jets to generate.
        generator: source of randomness.

    Returns:
        ``jets`` relative jets with the conditions of the drawn jets.

    Raises:
        InputError: when the training jets hold no particles.
    """
    known = training if isinstance(training, MeasuredSets) else measure(training)
    return _independent(known, jets, generator)


def independent_features(
    training: ParticleCloud | MeasuredSets, sets: int, generator: torch.Generator
) -> ParticleCloud:
    """Sets of statistically independent items with statistically independent features.

    Number of items and conditions are those of a real set drawn at random (by event weight); each
    feature of each item is drawn independently from all items of the training sets.

    Args:
        training: sets with any features, or measured.
        sets: number of sets to generate.
        generator: source of randomness.

    Raises:
        InputError: when the training sets hold no items.
    """
    known = training if isinstance(training, MeasuredSets) else MeasuredSets(training, {})
    return _independent(known, sets, generator)


def _independent(training: MeasuredSets, sets: int, generator: torch.Generator) -> ParticleCloud:
    frames = _draw(training, sets, generator)
    names = [feature.name for feature in training.frame.features]
    pooled = torch.stack([training.pooled(name) for name in names], dim=1)  # (M, F)
    rows = row_finder(training.weights.repeat_interleave(training.multiplicity))
    particles = pooled.new_zeros(*frames.mask.shape, len(names))
    for filled, some in zip(particles.split(_TOGETHER), frames.mask.split(_TOGETHER), strict=True):
        size = int(some.sum()), len(names)
        uniform = torch.rand(size, generator=generator, dtype=torch.float64)
        filled[some] = pooled.gather(0, rows(uniform))
    return frames.filled(particles)


def row_finder(weights: Tensor) -> Callable[[Tensor], Tensor]:
    """A function to the first rows at which the cumulative share of ``weights`` reaches shares.

    The rows are computed where all weights are one, which takes less time than a search.
    """
    number = len(weights)
    if not bool((weights == 1).all()):
        reached = torch.cumsum(weights, 0) / weights.sum()
        return lambda shares: torch.searchsorted(reached, shares).clamp(max=number - 1)

    def rows(shares: Tensor) -> Tensor:
        near = shares.mul(number).ceil_().sub_(1).clamp_(0, number - 1)
        near -= (near / number >= shares).to(near)  # rounding
        near += ((near + 1) / number < shares).to(near)
        return near.long().clamp_(0, number - 1)

    return rows


def gaussian_features(
    training: ParticleCloud, jets: int, generator: torch.Generator
) -> ParticleCloud:
    r"""Jets drawn from a multivariate normal distribution of all their features.

    The etarel, phirel and log ptrel of a jet's particles, ordered by falling pT, are treated as a
    vector of ``3 N`` normal variables. Mean and width of a variable are taken over the training
    jets that have the particle; the correlation of two variables is

    .. math:: r_{kl} = \sum_j w_j u_{jk} u_{jl}
              \Big/ \sqrt{\textstyle\sum_j w_j u_{jk}^2 \sum_j w_j u_{jl}^2}

    with the standardised values ``u``, zero where jet ``j`` has no such particle, so that the
    matrix is positive semi-definite. Multiplicity and jet kinematics are those of a real jet
    drawn at random (by event weight). The particles do not add up to the jet's kinematics.

    Args, Returns, Raises: as for :func:`independent_particles`.
    """
    real = measure(training).relative
    real = real.leading(real.mask.shape[1], by="ptrel")
    frames = _draw(MeasuredSets(real, {}), jets, generator)
    particles = real.particles.double()
    logarithm = particles[..., 2:].clamp(min=torch.finfo(torch.float32).tiny).log()
    values = torch.cat([particles[..., :2], logarithm], dim=2).flatten(1)  # (B, 3 N)
    weights = (real.mask * real.weights.double().unsqueeze(1)).repeat_interleave(3, dim=1)
    mean, root = _normal(values, weights)
    noise = torch.randn((jets, len(root)), generator=generator, dtype=torch.float64)
    made = (mean + noise @ root.T).unflatten(1, (-1, 3))
    made = torch.cat([made[..., :2], made[..., 2:].exp()], dim=2).to(real.particles)
    return frames.filled(made.masked_fill(~frames.mask.unsqueeze(-1), 0))


BASELINES = {
    JETS.baseline: independent_particles,
    "Gaussian features": gaussian_features,
}
"""The trivial generators of jets by name of their samples."""


Baseline = Callable[[ParticleCloud, int, torch.Generator], ParticleCloud]
"""``(training, number, generator)``, sets of a trivial generator."""


def jet_baselines() -> dict[str, Baseline]:
    """The trivial generators of jets by name of their samples."""
    return dict(BASELINES)


def table_baselines() -> dict[str, Baseline]:
    """Those of sets with named features."""
    return {ENTRIES.baseline: independent_features}


def _draw(real: MeasuredSets, jets: int, generator: torch.Generator) -> Frames:
    if not bool(real.multiplicity.any()):
        raise InputError("training jets: expected jets with particles, received none")
    require_some_weight(real.weights, "training jets: weights")
    drawn = torch.multinomial(real.weights.double(), jets, replacement=True, generator=generator)
    mask = torch.arange(real.slots) < real.multiplicity[drawn].unsqueeze(1)
    return Frames(real, mask, drawn)


def _normal(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean ``(D,)`` and a square root ``(D, D)`` of the covariance, with a weight per entry."""
    total = weights.sum(0)
    mean = (weights * values).sum(0) / total.clamp(min=1e-300)
    residuals = weights.sqrt() * (values - mean)
    norm = residuals.norm(dim=0)
    standardised = residuals / torch.where(norm > 0, norm, 1.0)
    eigenvalues, vectors = torch.linalg.eigh(standardised.T @ standardised)
    width = norm / total.clamp(min=1e-300).sqrt()
    return mean, width.unsqueeze(1) * vectors * eigenvalues.clamp(min=0).sqrt()
