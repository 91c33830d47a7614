"""Parquet files with columns of numbers or lists of numbers, read one row group at a time.

Units are the entry ``unit`` of a column's metadata or, without this entry, part of its name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.datasets.formats.awkward_table import AwkwardSource
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError
from jetgen.extras import require_package

MAGIC = b"PAR1\x15"
"""The signature, and the first byte of its first header; text may begin with "PAR1", too."""

UNIT = b"unit"
"""Key of the unit in the metadata of a column."""

ATTRIBUTES = b"jetgen"
"""Key of the attributes, as JSON, in the metadata of the file."""


def pyarrow() -> Any:
    """The pyarrow package with its module for Parquet files.

    Raises:
        InputError: when it is not installed.
    """
    require_package("pyarrow.parquet")
    return require_package("pyarrow")


class ParquetSource(AwkwardSource):
    """The rows of a table; nulls are NaN, and the index of pandas is not a column."""

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

    def close(self) -> None:
        self.__dict__.pop("_held", None)
        if "_file" in self.__dict__:
            self.__dict__.pop("_file").close()

    @cached_property
    def kinds(self) -> dict[str, Any]:
        import awkward as ak

        arrow = pyarrow()
        found: dict[str, Any] = {}
        names = self._file.schema_arrow.names
        for field in self._file.schema_arrow:
            if field.name in self._index:
                continue
            if names.count(field.name) > 1:
                found[field.name] = "several columns of this name"
                continue
            try:
                found[field.name] = ak.from_arrow(arrow.array([], field.type)).type.content
            except (arrow.ArrowException, TypeError, ValueError, NotImplementedError):
                found[field.name] = f"no numbers ({field.type})"
        return found

    @property
    def _index(self) -> list[str]:
        """The columns that contain the index of pandas."""
        stored = (self._file.schema_arrow.metadata or {}).get(b"pandas")
        index = json.loads(stored).get("index_columns", []) if stored else []
        return [name for name in index if isinstance(name, str)]

    def unit(self, column: str) -> str:
        stored = self._file.schema_arrow.field(column).metadata or {}
        return str(stored.get(UNIT, b"").decode())

    @property
    def unread(self) -> dict[str, str]:
        return {**super().unread, **dict.fromkeys(self._index, "the index of pandas")}

    @property
    def attributes(self) -> dict[str, Any]:
        stored = (self._file.metadata.metadata or {}).get(ATTRIBUTES)
        return json.loads(stored) if stored else {}

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def block(self) -> int | None:
        return max((last - first for first, last in self._bounds), default=1)

    def arrays(self, names: Sequence[str], start: int, stop: int) -> dict[str, Any]:
        import awkward as ak

        rows = self._rows(names, start, stop)
        return {name: ak.from_arrow(rows.column(name)) for name in names}

    def _rows(self, names: Sequence[str], start: int, stop: int) -> Any:
        """A table of these rows, from the row groups that contain them."""
        parts = []
        for group, (first, last) in enumerate(self._bounds):
            if first < stop and start < last:
                offset = max(start - first, 0)
                rows = self._group(group, tuple(names))
                parts.append(rows.slice(offset, min(stop, last) - first - offset))
        if not parts:
            return self._file.schema_arrow.empty_table().select(list(names))
        return pyarrow().concat_tables(parts)

    @cached_property
    def _bounds(self) -> list[tuple[int, int]]:
        sizes = [
            self._file.metadata.row_group(k).num_rows for k in range(self._file.num_row_groups)
        ]
        ends = np.cumsum(sizes).tolist()
        return [(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def _group(self, group: int, names: tuple[str, ...]) -> Any:
        """One row group; the last one is cached, because files are read sequentially."""
        held: tuple[Any, Any] | None = self.__dict__.get("_held")
        if held is None or held[0] != (group, names):
            wanted = None if "" in names else list(names)  # awkward's name of a lone column
            rows = self._file.read_row_group(group, columns=wanted)
            held = self._held = (group, names), rows
        return held[1]


def _matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


PARQUET_TABLE = Format(
    name="Parquet table",
    description="columns of numbers, or of lists of numbers",
    matches=_matches,
    open=lambda path, jet_type: ParquetSource(path),
    general=True,
)
