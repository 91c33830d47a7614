"""Base of containers of plain arrays: columns from the shapes and names of the arrays.

An array ``(J,)`` is a column of numbers. An array ``(J, N)`` is a column of lists if its name is
that of a particle quantity (``px``, ``mask``), otherwise ``N`` columns of numbers. An array
``(J, N, F)`` contains ``F`` columns of lists. Columns within an array have the names given in the
container, or are numbered: ``particles.0``, ``particles.1``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from jetgen.datasets.formats.column_source import Lists, Values, as_feature
from jetgen.datasets.formats.names import MOMENTA, Column, split_name
from jetgen.datasets.formats.precision import exact
from jetgen.datasets.formats.recognition import JetColumns, nearest, suggestion
from jetgen.datasets.formats.table import TableSource
from jetgen.errors import InputError

MOST_NUMBERS = 64
"""Largest ``K`` for which an array ``(J, K)`` of an unknown quantity contains jet-level numbers."""


_LOOKED_AT = 100
"""Jets whose numbers are looked at for a suggestion."""


class Array(NamedTuple):
    """Properties of an array before it is read.

    Args:
        shape: its shape.
        kind: type of its entries.
        names: names of the entries along its last axis, if the container gives them.
        units: units of these entries, or of the array.
        ragged: whether its entries are arrays themselves.
    """

    shape: tuple[int, ...]
    kind: np.dtype[Any]
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    ragged: bool = False


class Place(NamedTuple):
    """Position of the values of a column.

    Args:
        array: the array.
        field: the field of its records.
        entry: the entry along its last axis.
        stated: whether the name of the column is given in the container.
    """

    array: str
    field: str | None
    entry: int | None
    stated: bool = True


class ArraysSource(TableSource):
    """Columns of the arrays of a container that have one row per jet."""

    @property
    @abstractmethod
    def arrays(self) -> dict[str, Array]:
        """The arrays by name."""

    @abstractmethod
    def rows(self, name: str, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Rows of an array."""

    def __len__(self) -> int:
        if "rows" not in self._found:
            if not (self._map or self._columns):
                self._require_alike()
            self._found["rows"] = _rows(self.arrays)
        return int(self._found["rows"])

    def _require_alike(self) -> None:
        """Check that arrays of several axes, or with the name of a quantity, have equal lengths."""
        alike = {
            name: array.shape
            for name, array in self.arrays.items()
            if len(array.shape) > 1 or (array.shape and split_name(name)[1] is not None)
        }
        if len({shape[0] for shape in alike.values()}) > 1:
            held = ", ".join(f"{name} {shape}" for name, shape in alike.items())
            raise InputError(
                f"{self.path}: expected arrays with one row for each jet, received {held}; "
                f"specify which to read, such as {suggestion(dict.fromkeys(MOMENTA[0], 'NAME'))}"
            )

    @property
    def columns(self) -> list[Column]:
        return [column for column, _ in self._places.values()]

    @property
    def unread(self) -> dict[str, str]:
        self._places  # noqa: B018 (finds them)
        return dict(self._found["unread"])

    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        places = {name: self._places[name] for name in names}
        held = {
            array: self.rows(array, start, stop)
            for array in dict.fromkeys(place.array for _, place in places.values())
        }
        found: dict[str, Values] = {}
        for name, (column, place) in places.items():
            rows = held[place.array]
            rows = rows if place.field is None else rows[place.field]
            rows = rows if place.entry is None else rows[..., place.entry]
            if not column.items:
                found[name] = exact(np.asarray(rows)).reshape(len(rows))
            elif column.length:
                lengths = np.full(len(rows), rows.shape[1])
                found[name] = Lists(lengths, np.asarray(rows, dtype=np.float64).reshape(-1))
            else:
                lengths = np.array([len(row) for row in rows], dtype=np.int64)
                parts = [np.asarray(row, dtype=np.float64) for row in rows]
                found[name] = Lists(lengths, np.concatenate([np.zeros(0), *parts]))
        return found

    @property
    def _layout(self) -> JetColumns | None:
        layout = super()._layout
        if layout is None and not self._columns:
            lists = any(column.items for column in self.columns)
            if lists or any(not place.stated for _, place in self._places.values()):
                likely = self._four_momenta() if lists else None
                raise InputError(f"{self.path}: {nearest(self.columns, likely)}")
        return layout

    def _four_momenta(self) -> dict[str, str] | None:
        """Energy and momentum, if one of four columns is hardly above the norm of the others."""
        names = [column.name for column in self.columns if column.items and column.length]
        if len(names) != 4 or not len(self):
            return None
        found = self.values(names, 0, min(len(self), _LOOKED_AT))
        lists = [found[name] for name in names]
        numbers = np.stack([values.numbers for values in lists if isinstance(values, Lists)])
        for k, name in enumerate(names):
            others = names[:k] + names[k + 1 :]
            there = numbers[k] > 0
            share = np.linalg.norm(np.delete(numbers, k, 0), axis=0)[there] / numbers[k, there]
            if there.any() and share.max() < 1.001 and np.median(share) > 0.9:
                return {"E": name, **dict(zip(MOMENTA[0], others, strict=True))}
        return None

    @property
    def _places(self) -> dict[str, tuple[Column, Place]]:
        if "places" not in self._found:
            unread: dict[str, str] = {}
            places: dict[str, tuple[Column, Place]] = {}
            for name, array in self.arrays.items():
                if not array.shape or array.shape[0] != len(self):
                    unread[name] = f"{array.shape} is not one row for each of {len(self)} jets"
                    continue
                alone = len(self.arrays) == 1 and array.kind.names is not None
                for column, place, reason in _columns(name, array, alone=alone):
                    if reason:
                        unread[column.name] = reason
                    elif column.name in places:
                        again = f"{column.name} [{column.unit}]"
                        unread[again] = f"another column is named {column.name}"
                    else:
                        places[column.name] = column, place
            self._found["places"], self._found["unread"] = places, unread
        return self._found["places"]


def _rows(arrays: dict[str, Array]) -> int:
    """The number of jets: the most common length of arrays, preferably of particles."""
    wide = [a.shape[0] for a in arrays.values() if len(a.shape) > 1 or a.ragged]
    some = [a.shape[0] for a in arrays.values() if a.shape]
    counted = Counter(wide or some)
    return counted.most_common(1)[0][0] if counted else 0


def _columns(
    name: str, array: Array, *, alone: bool = False
) -> Iterator[tuple[Column, Place, str]]:
    """The columns of an array, and the reason if one cannot be read.

    Fields of the only array of a file, ``alone``, have names of their own.
    """
    if array.kind.names:
        for field in array.kind.names:
            kind = array.kind[field]
            inside = Array((*array.shape, *kind.shape), kind.base)
            called = field if alone else f"{name}.{field}"
            if kind.base.names:
                yield Column(called, False), Place(name, field, None), "records in records"
                continue
            for column, place, reason in _columns(called, inside):
                yield column, Place(name, field, place.entry, place.stated), reason
        return
    unit = array.units[0] if len(array.units) == 1 else ""
    whole = Place(name, None, None)
    if array.kind.kind not in "biuf":
        text = array.kind.kind in "SU"
        yield Column(name, False), whole, "text" if text else f"no numbers ({array.kind})"
    elif array.ragged:
        nested = "" if len(array.shape) == 1 else "lists of lists"
        yield Column(name, True, unit), whole, nested
    elif len(array.shape) == 1 or array.shape[1:] == (1,):
        yield Column(as_feature(name).name, False, unit or as_feature(name).unit), whole, ""
    elif len(array.shape) == 2:
        size = array.shape[1]
        alone = not array.names and split_name(name)[1] is not None
        if alone or (size > MOST_NUMBERS and not array.names):
            yield Column(name, True, unit, size), whole, ""
        else:
            for entry, inner_name, inner_unit in _entries(array):
                inner = f"{name}.{inner_name}"
                yield (
                    Column(inner, False, inner_unit),
                    Place(name, None, entry, not inner_name.isdigit()),
                    "",
                )
    elif len(array.shape) == 3:
        for entry, inner_name, inner_unit in _entries(array):
            column = Column(f"{name}.{inner_name}", True, inner_unit, array.shape[1])
            yield column, Place(name, None, entry, not inner_name.isdigit()), ""
    else:
        yield Column(name, False), whole, f"{array.shape} has more than three axes"


def _entries(array: Array) -> Iterator[tuple[int, str, str]]:
    """The entries along the last axis, with names and units if they are given."""
    size = array.shape[-1]
    names = array.names if len(array.names) == size == len(set(array.names)) else ()
    units = array.units if len(array.units) == size else ("",) * size
    for entry in range(size):
        named = as_feature(names[entry]) if names else None
        yield (
            entry,
            named.name if named else str(entry),
            units[entry] or (named.unit if named else ""),
        )
