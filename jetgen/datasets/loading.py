"""Splitting jets into training, validation and test sets, and batching them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError

FRACTIONS = (0.70, 0.15, 0.15)
"""Shares of the training, validation and test jets."""


class Split(NamedTuple):
    """Indices ``(n,)`` of the jets of each set; together every jet once."""

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


def batches(
    cloud: ParticleCloud, size: int, generator: torch.Generator | None = None
) -> Iterator[ParticleCloud]:
    """Batches of jets with similar numbers of particles, padded to the largest in the batch.

    With a ``generator`` jets and batches come in random order: jets are shuffled, sorted by
    multiplicity within pools of 16 batches, cut into batches, and the batches shuffled. The
    particles of each jet are expected at its front (:meth:`ParticleCloud.compact`).
    """
    jets = len(cloud)
    multiplicity = cloud.multiplicity
    if generator is None:
        groups = torch.argsort(multiplicity, stable=True).split(size)
    else:
        shuffled = torch.randperm(jets, generator=generator)
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
