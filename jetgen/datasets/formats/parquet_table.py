"""Parquet files, whose columns hold numbers, or lists of numbers, read one row group at a time.

Units are the entry ``unit`` of a column's metadata or, where there is none, part of its name.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.cloud import Feature
from jetgen.datasets.formats.source import Format
from jetgen.datasets.formats.table import ListTableSource, as_feature
from jetgen.errors import InputError
from jetgen.extras import require_package

MAGIC = b"PAR1"
UNIT = b"unit"
"""Where a column's metadata tell its unit."""

ATTRIBUTES = b"jetgen"
"""Where the file's metadata tell how it was made, as JSON."""


def pyarrow() -> Any:
    """The library with its module of Parquet files.

    Raises:
        InputError: when it is not installed.
    """
    require_package("pyarrow.parquet")
    return require_package("pyarrow")


class ParquetSource(ListTableSource):
    """The rows of a table; columns of other types than numbers are left out, nulls are NaN."""

    @cached_property
    def _file(self) -> Any:
        arrow = pyarrow()
        try:
            return arrow.parquet.ParquetFile(self.path)
        except (arrow.ArrowException, OSError) as error:
            raise InputError(
                f"{self.path}: expected a complete Parquet file, received one that is cut short or "
                f"damaged ({' '.join(str(error).split())}); fetch or make it again"
            ) from error

    @cached_property
    def _names(self) -> dict[Feature, str]:
        """The columns by what they hold."""
        return {_feature(field): field.name for field in self._file.schema_arrow}

    @cached_property
    def columns(self) -> list[Feature]:
        return [_feature(f) for f in self._file.schema_arrow if self._is_number(f.type)]

    @cached_property
    def lists(self) -> list[Feature]:
        types = pyarrow().types

        def of_numbers(kind: Any) -> bool:
            listed = types.is_list(kind) or types.is_large_list(kind)
            return listed and self._is_number(kind.value_type)

        return [_feature(f) for f in self._file.schema_arrow if of_numbers(f.type)]

    def _is_number(self, kind: Any) -> bool:
        types = pyarrow().types
        return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)

    @property
    def attributes(self) -> dict[str, Any]:
        stored = (self._file.metadata.metadata or {}).get(ATTRIBUTES)
        return json.loads(stored) if stored else {}

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        rows = self._rows(start, stop)
        columns = [_numbers(rows.column(self._names[f]).combine_chunks()) for f in self.columns]
        return np.stack(columns, axis=1) if columns else np.zeros((stop - start, 0))

    def counts(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self.flat(self.lists[0].name, start, stop)[0]

    def flat(self, name: str, start: int, stop: int) -> tuple[np.ndarray[Any, Any], ...]:
        column = next(self._names[f] for f in self.lists if f.name == name)
        lists = self._rows(start, stop).column(column).combine_chunks()
        lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        return lengths, _numbers(lists.flatten())

    def _rows(self, start: int, stop: int) -> Any:
        """A table of these rows, from the row groups that hold them."""
        parts = []
        for group, (first, last) in enumerate(self._bounds):
            if first < stop and start < last:
                offset = max(start - first, 0)
                parts.append(self._group(group).slice(offset, min(stop, last) - first - offset))
        return pyarrow().concat_tables(parts)

    @cached_property
    def _bounds(self) -> list[tuple[int, int]]:
        sizes = [
            self._file.metadata.row_group(k).num_rows for k in range(self._file.num_row_groups)
        ]
        ends = np.cumsum(sizes).tolist()
        return [(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def _group(self, group: int) -> Any:
        """One row group; the last one is kept, since files are read from front to back."""
        held: tuple[int, Any] | None = self.__dict__.get("_held")
        if held is None or held[0] != group:
            wanted = [self._names[f] for f in (*self.columns, *self.lists)]
            held = self._held = group, self._file.read_row_group(group, columns=wanted)
        return held[1]


def _feature(field: Any) -> Feature:
    named = as_feature(field.name)
    unit = (field.metadata or {}).get(UNIT)
    return named if unit is None else Feature(field.name, unit.decode())


def _numbers(values: Any) -> np.ndarray[Any, Any]:
    """Float64 numbers, NaN for nulls."""
    import pyarrow.compute

    if pyarrow.types.is_boolean(values.type):
        values = pyarrow.compute.cast(values, pyarrow.uint8())
    return np.asarray(
        pyarrow.compute.cast(values, pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    )


def _matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


PARQUET_TABLE = Format(
    name="Parquet table",
    description="columns of numbers, or of lists of numbers",
    matches=_matches,
    open=lambda path, jet_type: ParquetSource(path),
)
