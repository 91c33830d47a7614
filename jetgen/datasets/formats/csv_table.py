"""CSV tables: a line of names, then rows of numbers, read piece by piece."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.cloud import Feature
from jetgen.datasets.formats.source import Format
from jetgen.datasets.formats.table import TableSource, as_feature
from jetgen.errors import InputError


class CsvSource(TableSource):
    """Rows of comma-separated numbers; an entry that is empty or no number is NaN."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._lines: Iterator[str] = iter(())
        self._next: int | None = None

    @cached_property
    def columns(self) -> list[Feature]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return [as_feature(head) for head in next(csv.reader(file))]

    @cached_property
    def _rows(self) -> int:
        return sum(1 for _ in self._from(0))

    def __len__(self) -> int:
        return self._rows

    def values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        if self._next != start:
            self._lines = self._from(start)
        lines = list(islice(self._lines, stop - start))
        self._next = stop
        try:
            values = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None)
            if values.shape[1] == len(self.columns):
                return values
        except ValueError:
            pass  # an entry that is no number, or rows of unequal length: look at each
        return np.array([self._row(start + i, row) for i, row in enumerate(csv.reader(lines))])

    def _row(self, number: int, row: list[str]) -> list[float]:
        if len(row) != len(self.columns):
            raise InputError(
                f"{self.path}: expected {len(self.columns)} columns as in the first line, received "
                f"{len(row)} in row {number}"
            )
        return [_number(entry) for entry in row]

    def _from(self, start: int) -> Iterator[str]:
        with self.path.open(encoding="utf-8-sig") as file:
            yield from islice((line for line in file if line.strip()), start + 1, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lines": iter(()), "_next": None}


def _number(entry: str) -> float:
    try:
        return float(entry)
    except ValueError:
        return math.nan


def _is_word(entry: str) -> bool:
    return bool(entry.strip()) and math.isnan(_number(entry))


def _matches(path: Path) -> bool:
    """Whether a text begins with a line of names and a row of as many entries, one a number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            heads, row = next(reader, []), next(reader, [])
    except (UnicodeDecodeError, csv.Error):
        return False
    numbers = any(not math.isnan(_number(entry)) for entry in row)
    return len(heads) == len(row) and all(map(_is_word, heads)) and numbers


CSV_TABLE = Format(
    name="CSV table",
    description="a line of names, then rows of numbers with commas between them",
    matches=_matches,
    open=lambda path, jet_type: CsvSource(path),
)
