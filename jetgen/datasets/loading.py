"""Splits of jets into training, validation and test sets, and batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.weights import equal, require_some_weight

FRACTIONS = (0.70, 0.15, 0.15)
"""Shares of the training, validation and test jets."""


class Split(NamedTuple):
    """Indices ``(n,)`` of the jets of each set; every jet is in exactly one set."""

    training: Tensor
    validation: Tensor
    test: Tensor


def split_indices(jets: int, seed: int) -> Split:
    """A random 70/15/15 split of ``jets`` jets, the same for the same seed.

    Raises:
        InputError: for fewer than 20 jets.
    """
    if jets < 20:
        raise InputError(f"data: expected at least 20 jets to split 70/15/15, received {jets}")
    order = torch.randperm(jets, generator=torch.Generator().manual_seed(seed))
    first, second = int(FRACTIONS[0] * jets), int((FRACTIONS[0] + FRACTIONS[1]) * jets)
    return Split(order[:first], order[first:second], order[second:])


def weighted_indices(weights: Tensor, number: int, generator: torch.Generator) -> Tensor:
    """``number`` indices on the CPU, drawn with replacement with probability ``weights`` ``(B,)``.

    Raises:
        InputError: when a weight is negative or no finite number, or all are zero.
    """
    require_some_weight(weights)
    edges = weights.cpu().double().cumsum(0)
    places = torch.rand(number, generator=generator, dtype=torch.float64) * edges[-1]
    return torch.searchsorted(edges, places, right=True).clamp(max=len(edges) - 1)


def _differ(weights: Tensor) -> bool:
    require_some_weight(weights)
    return not equal(weights)


def resampled(cloud: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """The same number of sets, drawn by weight, each with unit weight.

    Sets of equal weight are all taken once.
    """
    if not _differ(cloud.weights):
        return cloud.replace(weights=torch.ones_like(cloud.weights))
    drawn = cloud[weighted_indices(cloud.weights, len(cloud), generator)]
    return drawn.replace(weights=torch.ones_like(drawn.weights))


def batches(
    cloud: ParticleCloud,
    size: int,
    generator: torch.Generator | None = None,
    *,
    weighted: bool = False,
) -> Iterator[ParticleCloud]:
    """Batches of jets with similar numbers of particles, padded to the largest in the batch.

    With a ``generator`` jets and batches are in random order: jets are shuffled, sorted by
    multiplicity within pools of 16 batches, split into batches, and the batches are shuffled. Jets
    must be compact (:meth:`ParticleCloud.compact`). With ``weighted``, the same number of jets is
    drawn by weight instead of each jet once, unless all weights are equal.
    """
    jets = len(cloud)
    multiplicity = cloud.multiplicity.cpu()  # read from a device once, not for every batch
    if generator is None:
        groups = torch.argsort(multiplicity, stable=True).split(size)
    else:
        shuffled = (
            weighted_indices(cloud.weights, jets, generator)
            if weighted and _differ(cloud.weights)
            else torch.randperm(jets, generator=generator)
        )
        pools = shuffled.split(16 * size)
        ordered = [pool[torch.argsort(multiplicity[pool], stable=True)] for pool in pools]
        cut = [group for pool in ordered for group in pool.split(size)]
        groups = tuple(cut[i] for i in torch.randperm(len(cut), generator=generator).tolist())
    for group in groups:
        width = max(1, int(multiplicity[group].max()))
        yield ParticleCloud(
            cloud.particles[group, :width],
            cloud.mask[group, :width],
            cloud.features,
            cloud.conditions[group],
            cloud.condition_features,
            cloud.weights[group],
        )
