"""Copies of sets, which a split into training and other sets must not separate."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.faults import fingerprints

FEWEST_ITEMS = 2
"""Smallest number of items of sets that count as copies; single items can agree by chance."""


def copy_keys(cloud: ParticleCloud, first: int = 0, block: int = 10_000) -> Tensor:
    """``(B,)`` integers that agree for sets of the same items, in any order.

    Those of sets with fewer than :data:`FEWEST_ITEMS` items are all different.

    Args:
        cloud: the sets.
        first: number of the first of them, for sets that come in several clouds.
        block: number of sets whose items are compared at a time.
    """
    cloud = cloud.to("cpu")
    parts = [fingerprints(cloud[start : start + block]) for start in range(0, len(cloud), block)]
    own = first + torch.arange(len(cloud))
    return torch.where(cloud.multiplicity < FEWEST_ITEMS, own, torch.cat([own[:0], *parts]))


def together(values: Tensor, keys: Tensor) -> Tensor:
    """The values ``(n,)`` with, for entries of one key, that of the first of them.

    >>> together(torch.tensor([1, 2, 3, 4]), torch.tensor([7, 9, 7, 9]))
    tensor([1, 2, 1, 2])
    """
    _, group = keys.unique(return_inverse=True)
    rows = torch.arange(len(keys))
    first = torch.full_like(rows, len(rows)).scatter_reduce(0, group, rows, "amin")
    return values[first[group]]
