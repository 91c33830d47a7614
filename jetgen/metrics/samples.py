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

Seed = int | np.random.Generator

RECOMMENDED = 50_000
"""Number of jets in the published protocol; with fewer jets the results are noisier."""


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
        InputError: when there are no jets or particles, shapes are wrong, or values not finite.
    """
    cloud = to_cloud(jets, name=name).to(torch.float64)
    if cloud.features[:3] != RELATIVE:
        cloud = to_relative(cloud)
    cloud = cloud.to("cpu")
    particles = cloud.particles[..., :3].detach()
    mask = cloud.mask & (particles != 0).any(-1)
    clean = ParticleCloud(particles, mask, RELATIVE)
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
    first: int, second: int, jets: int, batches: int, seed: Seed
) -> tuple[Tensor, Tensor]:
    """How often each jet is drawn in ``batches`` pairs of ``jets`` draws with replacement.

    Args:
        first, second: numbers of jets in the two samples.
        jets: number of draws from each, which may exceed the sample size.
        batches: number of pairs of draws, in the order first, second, first, ...
        seed: seed for ``numpy.random.default_rng``, or a generator.

    Returns:
        ``(batches, first)`` and ``(batches, second)`` float64 counts.
    """
    if jets < 1 or batches < 1:
        raise InputError(f"draws: expected at least 1 jet and batch, received {jets}, {batches}")
    random = np.random.default_rng(seed)
    sides: tuple[list[Tensor], list[Tensor]] = ([], [])
    for _ in range(batches):
        for side, pool in zip(sides, (first, second), strict=True):
            side.append(counted(random.choice(pool, size=jets), pool))
    return torch.stack(sides[0]), torch.stack(sides[1])


def counted(drawn: NDArray[np.integer], pool: int) -> Tensor:
    """``(pool,)`` float64 counts of how often each index was drawn."""
    return torch.from_numpy(np.bincount(drawn, minlength=pool).astype(np.float64))


def warn_if_few(metric: str, first: int, second: int, recommended: int = RECOMMENDED) -> None:
    """Warn if a sample is smaller than in the published protocol."""
    if min(first, second) < recommended:
        warnings.warn(
            f"{metric}: the published protocol has at least {recommended} jets on each side, "
            f"received {first} and {second}; jets are drawn repeatedly",
            FewJetsWarning,
            stacklevel=3,
        )
