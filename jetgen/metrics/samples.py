"""Inputs and results of the published metrics: particles, draws of jets, estimates."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.conversion import Jets, as_tensor, to_cloud
from jetgen.errors import InputError
from jetgen.physics.fourvectors import to_relative
from jetgen.weights import counted_sets, equal, require_some_weight, sized

Seed = int | np.random.Generator

RECOMMENDED = 50_000
"""Number of jets in the published protocol; with fewer jets the results are noisier."""


FEWEST_EACH_SIDE = 3
"""Smallest number of jets that the metrics take."""


class FewJetsWarning(UserWarning):
    """A metric is computed with fewer jets than in its published protocol."""


class Estimate(NamedTuple):
    """A metric's ``value`` and its ``spread``, scalars or one value per observable."""

    value: NDArray[np.float64]
    spread: NDArray[np.float64]


def relative_particles(jets: Jets, name: str = "jets") -> ParticleCloud:
    """The jets as a float64 cloud of etarel, phirel, ptrel; relative jets are not recentred.

    A slot whose three features are all zero counts as padding, independent of the mask.

    Raises:
        InputError: when there are no jets or particles, shapes are wrong, values not finite, or
            event weights all zero.
    """
    cloud = to_cloud(jets, name=name).to(torch.float64)
    if cloud.features[:3] != RELATIVE:
        cloud = to_relative(cloud)
    cloud = cloud.to("cpu")
    particles = cloud.particles[..., :3].detach()
    mask = cloud.mask & (particles != 0).any(-1)
    require_some_weight(cloud.weights, f"{name}: weights")
    clean = ParticleCloud(particles, mask, RELATIVE, weights=cloud.weights)
    bad = int((~clean.particles.isfinite()).any(-1).any(-1).sum())
    if bad:
        raise InputError(
            f"{name}: expected finite particles, received {bad} of {len(clean)} jets with values "
            "that are not finite; remove those jets"
        )
    if not bool(mask.any()):
        raise InputError(f"{name}: expected jets with particles, received {len(clean)} without any")
    return clean


def features(values: Any, name: str = "features") -> Tensor:
    """Jet features as a float64 tensor ``(B, d)``, checked to be finite, of at least two jets.

    Raises:
        InputError: when the features are not of this form.
    """
    table = as_tensor(values, name).detach().cpu().double()
    if table.ndim != 2 or len(table) < 2 or not table.shape[1] or not bool(table.isfinite().all()):
        bad = int((~table.isfinite()).sum())
        raise InputError(
            f"{name}: expected finite features (jets, d) of at least two jets, received shape "
            f"{tuple(table.shape)} with {bad} values that are not finite"
        )
    return table


def draw_pairs(
    first: Tensor, second: Tensor, jets: int, batches: int, seed: Seed
) -> tuple[Tensor, Tensor]:
    """How often each jet is drawn in ``batches`` pairs of ``jets`` draws with replacement.

    Args:
        first, second: ``(B,)`` and ``(C,)`` event weights of the jets in the two samples.
        jets: number of draws from each, which may exceed the sample size.
        batches: number of pairs of draws, in the order first, second, first, ...
        seed: seed for ``numpy.random.default_rng``, or a generator.

    Returns:
        ``(batches, B)`` and ``(batches, C)`` float64 counts.
    """
    if jets < 1 or batches < 1:
        raise InputError(f"draws: expected at least 1 jet and batch, received {jets}, {batches}")
    random = np.random.default_rng(seed)
    sides: tuple[list[Tensor], list[Tensor]] = ([], [])
    for _ in range(batches):
        for side, pool in zip(sides, (first, second), strict=True):
            side.append(counts_of_draws(random, pool, jets))
    return torch.stack(sides[0]), torch.stack(sides[1])


def draws(random: np.random.Generator, weights: Tensor, number: int) -> NDArray[np.integer]:
    """``number`` indices of jets, drawn by their weights ``(B,)`` with replacement."""
    if equal(weights):
        return random.choice(len(weights), size=number)
    chances = weights.double().numpy()
    return random.choice(len(weights), size=number, p=chances / chances.sum())


def counts_of_draws(random: np.random.Generator, weights: Tensor, number: int) -> Tensor:
    """``(B,)`` float64 counts of how often each jet is among ``number`` :func:`draws`."""
    drawn = draws(random, weights, number)
    return torch.from_numpy(np.bincount(drawn, minlength=len(weights)).astype(np.float64))


def check_sizes(metric: str, first: Tensor, second: Tensor, recommended: int = RECOMMENDED) -> None:
    """Warn if a sample, of these event weights, is smaller than in the published protocol.

    Raises:
        InputError: for a sample of fewer than :data:`FEWEST_EACH_SIDE` jets.
    """
    sizes = len(first), len(second)
    if min(sizes) < FEWEST_EACH_SIDE:
        raise InputError(
            f"{metric}: expected at least {FEWEST_EACH_SIDE} jets on each side, received "
            f"{sizes[0]} and {sizes[1]}; pass more"
        )
    if min(counted_sets(first), counted_sets(second)) < recommended:
        warnings.warn(
            f"{metric}: the published protocol has at least {recommended} jets on each side, "
            f"received {sized(first)} and {sized(second)}; jets are drawn repeatedly",
            FewJetsWarning,
            stacklevel=3,
        )
