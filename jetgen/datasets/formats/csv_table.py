"""Text tables: a line of names, then rows of numbers, read in pieces.

Entries are separated by commas, semicolons, tabs or spaces; lines that begin with ``#`` are
comments, and the last of them may contain the names.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jetgen.datasets.formats.column_source import Values, as_feature
from jetgen.datasets.formats.names import Column, unique_names
from jetgen.datasets.formats.source import Format
from jetgen.datasets.formats.table import TableSource
from jetgen.errors import InputError

DELIMITERS = (",", ";", "\t", " ")
COMMENT = "#"

INEXACT = 2.0**53
"""Above this number, some integers have no value of their own in double precision."""

TEXT_ROWS = 1000
"""Number of rows that tell whether a column is text."""


class Dialect(NamedTuple):
    """Format of a text table: separator, names, and whether a comment contains the names."""

    delimiter: str
    heads: list[str]
    commented: bool


class CsvSource(TableSource):
    """Rows of separated numbers; an entry that is empty or not a number is NaN."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._lines: Iterator[str] = iter(())
        self._next: int | None = None
        self._kept: tuple[tuple[int, int], list[str]] | None = None

    @cached_property
    def _dialect(self) -> Dialect:
        found = dialect(self.path)
        if found is None:
            raise InputError(f"{self.path}: expected a line of names and rows of numbers")
        return found

    @cached_property
    def _names(self) -> list[str]:
        """The name of each entry of a row; repeated names are numbered."""
        return unique_names(as_feature(head).name for head in self._dialect.heads)

    @property
    def columns(self) -> list[Column]:
        heads = zip(self._names, self._dialect.heads, strict=True)
        return [
            Column(name, False, as_feature(head).unit)
            for name, head in heads
            if name and name not in self._text
        ]

    @cached_property
    def _text(self) -> set[str]:
        """The columns whose entries are words, in the first rows."""
        delimiter = self._dialect.delimiter
        rows = [_entries(line, delimiter) for line in islice(self._from(0), TEXT_ROWS)]
        columns = dict(zip(self._names, zip(*rows, strict=False), strict=False))
        return {name for name, entries in columns.items() if name and _are_text(entries)}

    @property
    def unread(self) -> dict[str, str]:
        index = {"the first column": "an index without a name"} if "" in self._names else {}
        return {**index, **dict.fromkeys(sorted(self._text), "text")}

    @cached_property
    def _rows(self) -> int:
        return sum(1 for _ in self._from(0))

    def __len__(self) -> int:
        return self._rows

    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        lines = self._lines_of(start, stop)
        table = self._table(lines, start)
        places = {name: self._names.index(name) for name in names}
        return {name: self._whole(table[:, k], k, lines) for name, k in places.items()}

    @property
    def text_columns(self) -> list[str]:
        return sorted(self._text)

    def words(self, name: str, start: int, stop: int) -> list[str]:
        place, delimiter = self._names.index(name), self._dialect.delimiter
        rows = [_entries(line, delimiter) for line in self._lines_of(start, stop)]
        return [row[place].strip() if place < len(row) else "" for row in rows]

    def _lines_of(self, start: int, stop: int) -> list[str]:
        """The lines of some rows; the last ones are kept, because several columns read them."""
        if self._kept is None or self._kept[0] != (start, stop):
            if self._next != start:
                self._lines = self._from(start)
            self._kept = (start, stop), list(islice(self._lines, stop - start))
            self._next = stop
        return self._kept[1]

    def _table(self, lines: list[str], start: int) -> np.ndarray[Any, Any]:
        delimiter = self._dialect.delimiter
        try:
            table = np.loadtxt(
                lines, delimiter=delimiter.strip(" ") or None, ndmin=2, comments=None
            )
            if table.shape[1] == len(self._names):
                return table
        except ValueError:
            pass  # an entry is not a number, or rows differ in length: parse each
        rows = (_entries(line, delimiter) for line in lines)
        return np.array([self._row(start + i, row) for i, row in enumerate(rows)])

    def _whole(self, column: np.ndarray[Any, Any], place: int, lines: list[str]) -> Values:
        """The column, as integers where it has whole numbers that are not exact otherwise."""
        if not (np.abs(column) > INEXACT).any():
            return column
        try:
            entries = [_entries(line, self._dialect.delimiter)[place] for line in lines]
            return np.array(list(map(int, entries)), dtype=np.int64)
        except (ValueError, OverflowError):
            return column

    def _row(self, number: int, row: list[str]) -> list[float]:
        if len(row) != len(self._names):
            raise InputError(
                f"{self.path}: expected {len(self._names)} columns as in the first line, received "
                f"{len(row)} in row {number}"
            )
        return [_number(entry) for entry in row]

    def _from(self, start: int) -> Iterator[str]:
        heads = 0 if self._dialect.commented else 1
        with self.path.open(encoding="utf-8-sig") as file:
            yield from islice(filter(_holds_entries, file), start + heads, None)

    def close(self) -> None:
        self._lines, self._next, self._kept = iter(()), None, None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_lines": iter(()), "_next": None, "_kept": None}


def _holds_entries(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(COMMENT)


def _entries(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return next(csv.reader([line], delimiter=delimiter), [])


def _number(entry: str) -> float:
    return float(entry) if _is_number(entry) else math.nan


def _are_text(entries: Iterable[str]) -> bool:
    """Whether there are words, and no number, among the entries of a column."""
    filled = [entry for entry in entries if entry.strip()]
    return bool(filled) and not any(map(_is_number, filled))


def _is_number(entry: str) -> bool:
    try:
        float(entry)
    except ValueError:
        return False
    return "_" not in entry  # a number in Python, an identifier elsewhere


def _is_word(entry: str) -> bool:
    return bool(entry.strip()) and math.isnan(_number(entry))


def first_lines(path: Path) -> tuple[list[str], list[str]]:
    """The comments at the top of a text, and its first two lines; empty if it is not text."""
    comments: list[str] = []
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in islice(file, 10_000):
                if line.startswith(COMMENT) and not lines:
                    comments.append(line.lstrip(COMMENT).strip())
                elif _holds_entries(line):
                    lines.append(line.rstrip("\r\n"))
                if len(lines) == 2:
                    break
    except UnicodeDecodeError:
        return [], []
    return comments, lines


def dialect(path: Path) -> Dialect | None:
    """Detect the format: names, and a row with the same number of entries, including a number."""
    comments, lines = first_lines(path)
    found = []
    for delimiter in DELIMITERS:
        try:
            rows = [_entries(line, delimiter) for line in lines]
            heads = _entries(comments[-1], delimiter) if comments else []
        except csv.Error:
            continue
        if len(rows) == 2 and _are_heads(rows[0], rows[1]):
            found.append(Dialect(delimiter, rows[0], commented=False))
        elif rows and _are_heads(heads, rows[0]) and not any(map(_is_word, rows[0])):
            found.append(Dialect(delimiter, heads, commented=True))
    return max(found, key=lambda known: len(known.heads), default=None)


def _are_heads(heads: list[str], row: list[str]) -> bool:
    """Whether these are names (the first may be empty) above a row with a number."""
    named = bool(heads) and all(map(_is_word, heads[1:])) and (not heads[0] or _is_word(heads[0]))
    numbers = any(not math.isnan(_number(entry)) for entry in row)
    return named and len(heads) == len(row) and numbers and heads != [""]


CSV_TABLE = Format(
    name="CSV table",
    description="a line of names, then rows of numbers with commas between them",
    matches=lambda path: dialect(path) is not None,
    open=lambda path, jet_type: CsvSource(path),
    general=True,
)
