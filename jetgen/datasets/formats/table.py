"""What tables share: names and units from the heads of columns, and rows as sets of items.

A column whose head ends in a unit in brackets, ``px [GeV]``, has that unit; one called ``weight``
holds event weights. A row is a set of one item; where some columns hold lists, these are the
features of sets of as many items, and columns of single numbers are conditions of the sets.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError
from jetgen.physics.classes import UNKNOWN_CLASS

WEIGHT = Feature("weight")
"""The column that holds event weights."""

_BLOCK = 100_000
"""Rows whose lists are counted at a time."""


def as_feature(head: str) -> Feature:
    """Name and unit from the head of a column.

    >>> as_feature("px [GeV]")
    Feature(name='px', unit='GeV')
    """
    found = re.fullmatch(r"(.*?)\s*\[(.*)\]", head.strip())
    return Feature(found[1], found[2]) if found else Feature(head.strip())


class TableSource(Source):
    """Rows as sets of one item; all columns but the weight are features."""

    @property
    @abstractmethod
    def columns(self) -> list[Feature]:
        """Names and units of the columns."""

    @abstractmethod
    def values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Rows ``(stop - start, columns)``; what is no number is NaN."""

    @property
    def slots(self) -> int:
        return 1

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    def types(self) -> Tensor:
        return torch.full((len(self),), UNKNOWN_CLASS)

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = torch.from_numpy(self.values(start, stop)).float()
        named = {f: values[:, i] for i, f in enumerate(self.columns)}
        weights = [named.pop(f) for f in self.columns if f == WEIGHT]
        return ParticleCloud(
            torch.stack(list(named.values()), dim=1).unsqueeze(1),
            torch.ones(len(values), 1, dtype=torch.bool),
            tuple(named),
            weights=weights[0] if weights else None,  # type: ignore[arg-type]
        )


class ListTableSource(TableSource):
    """Rows of numbers and, in some files, of lists of numbers."""

    @property
    @abstractmethod
    def lists(self) -> list[Feature]:
        """Names and units of the columns of lists."""

    @abstractmethod
    def counts(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """``(stop - start,)`` length of the first column's list in each row."""

    @abstractmethod
    def flat(self, name: str, start: int, stop: int) -> tuple[np.ndarray[Any, Any], ...]:
        """Lengths ``(stop - start,)`` of a column's lists, and the numbers in them."""

    @cached_property
    def slots(self) -> int:
        if not self.lists:
            return 1
        blocks = range(0, len(self), _BLOCK)
        sizes = (self.counts(start, min(start + _BLOCK, len(self))).max() for start in blocks)
        return int(max(sizes, default=0))

    def read(self, start: int, stop: int) -> ParticleCloud:
        if not self.lists:
            if not self.columns:
                raise InputError(f"{self.path}: expected columns of numbers, received none")
            return super().read(start, stop)
        names = [f.name for f in self.lists]
        counts, first = self.flat(names[0], start, stop)
        columns = [first]
        for name in names[1:]:
            lengths, values = self.flat(name, start, stop)
            if not np.array_equal(lengths, counts):
                raise InputError(
                    f"{self.path}: expected lists of equal length in every entry, received other "
                    f"lengths in {name} than in {names[0]}"
                )
            columns.append(values)
        mask = torch.arange(self.slots) < torch.from_numpy(counts.astype(np.int64)).unsqueeze(1)
        items = torch.zeros(*mask.shape, len(names))
        items[mask] = torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))
        single = torch.from_numpy(self.values(start, stop)).float()
        conditions = {f: single[:, i] for i, f in enumerate(self.columns)}
        weights = [conditions.pop(f) for f in self.columns if f == WEIGHT]
        cloud = ParticleCloud(
            items,
            mask,
            tuple(self.lists),
            weights=weights[0] if weights else None,  # type: ignore[arg-type]
        )
        return cloud.with_conditions(conditions)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}
