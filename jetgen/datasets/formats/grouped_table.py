"""Tables with one item per row and columns that number the sets: rows with the same numbers are one
set.

``map={"set": "jet_id"}`` names the column; several are joined by ``+``, as in ``event+jet`` for
jets that are numbered within their event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jetgen.datasets.formats.column_source import Lists, Values
from jetgen.datasets.formats.names import Column, split_name
from jetgen.datasets.formats.recognition import JET_WORDS, SET, suggestion
from jetgen.datasets.formats.table import TableSource
from jetgen.errors import InputError, did_you_mean, some

EXACT = 2**53
"""Integers below this number are exact in double precision."""

_BLOCK = 100_000
"""Number of rows that are read at a time to find the sets."""


class GroupedTable(TableSource):
    """The sets of a table: lists of the items' columns, and numbers that a set has only one of.

    Args:
        rows: the table with one item per row.
        index: the columns that number the sets, joined by ``+``.

    Raises:
        InputError: when they are no columns of numbers, or the rows of a set are not next to each
            other.
    """

    def __init__(self, rows: TableSource, index: str) -> None:
        super().__init__(rows.path)
        self.rows, self.index = rows, index.split("+")
        known = [column.name for column in rows.columns if not column.items]
        for name in self.index:
            if name not in known:
                near = did_you_mean(name, known) or f"; its columns: {some(known)}"
                raise InputError(
                    f"{self.path}: expected a column with one number per row for set, received "
                    f"{name!r}{near}"
                )
        self._starts, self._shared = self._sets_of_rows(known)

    @property
    def attributes(self) -> dict[str, Any]:
        return self.rows.attributes

    @property
    def unread(self) -> dict[str, str]:
        return self.rows.unread

    @property
    def columns(self) -> list[Column]:
        return [
            column._replace(items=column.name not in self._shared)
            for column in self.rows.columns
            if not column.items and column.name not in self.index
        ]

    def close(self) -> None:
        self.rows.close()

    def __len__(self) -> int:
        return len(self._starts) - 1

    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        first, last = int(self._starts[start]), int(self._starts[stop])
        found = self.rows.values(names, first, last)
        numbers = {name: np.asarray(values) for name, values in found.items()}
        places = self._starts[start:stop] - first
        lengths = np.diff(self._starts[start : stop + 1])
        return {
            name: values[places] if name in self._shared else Lists(lengths, values)
            for name, values in numbers.items()
        }

    def _sets_of_rows(self, names: Sequence[str]) -> tuple[np.ndarray[Any, Any], set[str]]:
        """The first row of each set and the number of rows, and the columns equal within all sets.

        The whole table is read once. Columns named as a quantity of particles, such as ``pt``, are
        never those of sets; ``jet_pt`` may be.
        """
        shared = {name for name in names if name not in self.index and not _is_of_items(name)}
        starts, keys = [], []
        before: dict[str, np.ndarray[Any, Any]] = {}
        for start in range(0, len(self.rows), _BLOCK):
            found = self.rows.values(names, start, min(start + _BLOCK, len(self.rows)))
            table = {
                name: np.concatenate([before.get(name, np.zeros(0)), np.asarray(values)])
                for name, values in found.items()
            }
            key = np.stack([table[name] for name in self.index], axis=1)
            self._require_numbers(key, start)
            new = (key[1:] != key[:-1]).any(1)
            for name in list(shared):
                column = table[name]
                equal = (column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1]))
                if not (equal | new).all():
                    shared.discard(name)
            places = np.flatnonzero(new) + 1 if before else np.append(0, np.flatnonzero(new) + 1)
            keys.append(key[places])
            starts.append(places + start - (1 if before else 0))
            before = {name: column[-1:] for name, column in table.items()}
        if not keys:
            return np.zeros(1, dtype=np.int64), shared
        self._require_once(np.concatenate(keys), np.concatenate(starts))
        return np.append(np.concatenate(starts), len(self.rows)), shared

    def _require_numbers(self, key: np.ndarray[Any, Any], start: int) -> None:
        odd = ~((np.abs(key) < EXACT) & (key == np.floor(key))).all(1)
        if odd.any():
            raise InputError(
                f"{self.path}: expected whole numbers below 2^53 in {' and '.join(self.index)}, "
                f"received {key[odd][0].tolist()} near row {start + int(odd.argmax())}; number the "
                "sets from 0 on"
            )

    def _require_once(self, keys: np.ndarray[Any, Any], starts: np.ndarray[Any, Any]) -> None:
        _, first = np.unique(keys, axis=0, return_index=True)
        again = np.setdiff1d(np.arange(len(keys)), first)
        if len(again):
            received = ", ".join(
                f"{name}={value:.0f}"
                for name, value in zip(self.index, keys[again[0]], strict=True)
            )
            raise InputError(
                f"{self.path}: expected the rows of a set next to each other, received {received} "
                f"again in row {starts[again[0]]}; sort the table, or join columns, such as "
                f"{suggestion({SET: 'event+jet'})}"
            )

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: getattr(self, name) for name in ("rows", "index", "_starts", "_shared")}
        return {**super().__getstate__(), **kept}


def _is_of_items(name: str) -> bool:
    """Whether a column is named as a quantity of particles, not of jets."""
    collection, role = split_name(name)
    return role is not None and (not collection or collection.lower() not in JET_WORDS)
