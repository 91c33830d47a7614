"""What tables share: names and units from the heads of columns, and rows as sets of one item.

A column whose head ends in a unit in brackets, ``px [GeV]``, has that unit; one called ``weight``
holds event weights.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.formats.source import Source
from jetgen.physics.classes import UNKNOWN_CLASS

WEIGHT = Feature("weight")
"""The column that holds event weights."""


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
