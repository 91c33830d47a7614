"""Copies of sets, which a split into training and other sets must not separate."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.faults import fingerprints, repeated

SAMPLE = 10_000
"""Sets of one item that tell how often the values of a column agree."""

CHANCE = 0.05
"""Expected number of chance agreements from which on equal sets of one item are no copies."""


class Copies:
    """Finds sets of the same items, in any order, among clouds that come one after the other.

    Sets of several items with the same values are copies. Sets of one item, such as the rows of a
    table, can agree by chance: with n of them and the probability p_k that two agree in column k,
    n (n - 1) / 2 * p_1 * p_2 * ... pairs are expected, if columns are independent. Where this is
    less than :data:`CHANCE`, equal ones are copies; otherwise, for example in tables of whole
    numbers or with one column, all count as different ones. So do sets without items.
    """

    def __init__(self) -> None:
        self._found: list[Tensor] = []
        self._items: list[Tensor] = []
        self._single: list[Tensor] = []

    def add(self, cloud: ParticleCloud, block: int = 10_000) -> None:
        """Take notice of the next sets; the items of ``block`` sets are compared at a time."""
        cloud = cloud.to("cpu")
        for start in range(0, len(cloud), block):
            self._found.append(fingerprints(cloud[start : start + block]))
        self._items.append(cloud.multiplicity)
        missing = SAMPLE - sum(map(len, self._single))
        if missing > 0:
            single = cloud[self._items[-1] == 1]
            self._single.append(single.particles[single.mask][:missing].float())

    def keys(self) -> Tensor:
        """``(B,)`` integers that agree for copies, of all sets in their order."""
        items, found = self._joined()
        own = torch.arange(len(items))
        different = items < (2 if self._agree_by_chance() else 1)
        return torch.where(different, own, found)

    @property
    def number(self) -> int:
        """Number of sets that are copies of an earlier one."""
        return int(repeated(self.keys()).sum())

    @property
    def by_chance(self) -> int:
        """Number of rows that equal an earlier one, but do not count as copies.

        Zero where some sets have several items: jets of one particle are equal relative to
        their axis.
        """
        items, found = self._joined()
        if bool((items > 1).any()) or not self._agree_by_chance():
            return 0
        return int(repeated(found[items == 1]).sum())

    def _joined(self) -> tuple[Tensor, Tensor]:
        none = torch.zeros(0, dtype=torch.long)
        return torch.cat([none, *self._items]), torch.cat([none, *self._found])

    def _agree_by_chance(self) -> bool:
        number = sum(int((items == 1).sum()) for items in self._items)
        expected = number * (number - 1) / 2
        if not expected:
            return False
        values = torch.cat(self._single)
        pairs = len(values) * (len(values) - 1)
        for column in values.unbind(1):
            equal = column.unique(return_counts=True)[1]
            # a column without equal values may still have some among further pairs
            expected *= max(int((equal * (equal - 1)).sum()), 2) / pairs
        return expected >= CHANCE


def copy_keys(*clouds: ParticleCloud) -> list[Tensor]:
    """The :meth:`Copies.keys` of each cloud, which agree for copies in different ones, too."""
    copies = Copies()
    for cloud in clouds:
        copies.add(cloud)
    return list(copies.keys().split([len(cloud) for cloud in clouds]))


def together(values: Tensor, keys: Tensor) -> Tensor:
    """The values ``(n,)`` with, for entries of one key, that of the first of them.

    >>> together(torch.tensor([1, 2, 3, 4]), torch.tensor([7, 9, 7, 9]))
    tensor([1, 2, 1, 2])
    """
    _, group = keys.unique(return_inverse=True)
    rows = torch.arange(len(keys))
    first = torch.full_like(rows, len(rows)).scatter_reduce(0, group, rows, "amin")
    return values[first[group]]
