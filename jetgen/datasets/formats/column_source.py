"""Columns of a container: of numbers and of words, and the roles of those that belong to jets."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jetgen.cloud import Feature
from jetgen.datasets.formats.categories import categories, category_column, marks
from jetgen.datasets.formats.labels import label_columns
from jetgen.datasets.formats.names import Column
from jetgen.datasets.formats.numbered import numbered
from jetgen.datasets.formats.recognition import JetColumns, recognise
from jetgen.datasets.formats.source import Source

BLOCK = 100_000
"""Number of rows whose lists and words are read at a time."""


class Lists(NamedTuple):
    """The lists of a column in some rows: their lengths ``(B,)``, and all numbers concatenated."""

    lengths: np.ndarray[Any, Any]
    numbers: np.ndarray[Any, Any]


Values = np.ndarray[Any, Any] | Lists
"""One number per row ``(B,)``, or one list per row."""


def as_feature(head: str) -> Feature:
    """Name and unit from the name of a column; a number in brackets is part of the name.

    >>> as_feature("px [GeV]"), as_feature("p[0]")
    (Feature(name='px', unit='GeV'), Feature(name='p[0]', unit=''))
    """
    found = re.fullmatch(r"(.*?)\s*\[(?!\d+\])(.*)\]", head.strip())
    return Feature(found[1], found[2]) if found else Feature(head.strip())


class ColumnSource(Source):
    """Rows of columns of numbers, of lists of numbers, and of words."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._map: Mapping[str, str] = {}
        self._columns: tuple[str, ...] = ()
        self._conditions: tuple[str, ...] = ()
        self._words: dict[str, tuple[str, ...]] = {}
        self._found: dict[str, Any] = {}

    @property
    @abstractmethod
    def columns(self) -> list[Column]:
        """The columns of numbers and of lists of numbers."""

    @abstractmethod
    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """The named columns in rows ``start`` to ``stop - 1``; NaN if an entry is not a number."""

    @property
    def text_columns(self) -> list[str]:
        """The columns of words."""
        return []

    def words(self, name: str, start: int, stop: int) -> Sequence[str]:
        """The words of a text column in some rows; empty if there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no text columns")

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        if not self.text_columns or self._layout is not None:
            return {}
        if "categories" not in self._found:
            found = {name: self._words_of(name) for name in self.text_columns}
            self._found["categories"] = {name: words for name, words in found.items() if words}
        return self._found["categories"]

    @property
    def labels(self) -> Sequence[str]:
        layout = self._layout
        used = () if layout is None else {mark.column for mark in layout.classes.values()}
        return [name for name in self.text_columns if any(c.startswith(f"{name}=") for c in used)]

    def _words_of(self, name: str) -> tuple[str, ...]:
        if name in self._words:
            return self._words[name]
        blocks = range(0, len(self), BLOCK)
        parts = (self.words(name, k, min(k + BLOCK, len(self))) for k in blocks)
        return categories(chain.from_iterable(parts))

    def with_categories(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words, self._found = {name: tuple(each) for name, each in words.items()}, {}

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    @property
    def names(self) -> list[str]:
        return [*self._merged, *self._marked]

    def mapped(self, chosen: Mapping[str, str]) -> None:
        self._map, self._found = dict(chosen), {}

    def narrowed(self, columns: Sequence[str], conditions: Sequence[str]) -> None:
        self._columns, self._conditions, self._found = tuple(columns), tuple(conditions), {}

    @property
    def _layout(self) -> JetColumns | None:
        """The columns of jets; None if columns are requested by their own names."""
        if "layout" not in self._found:
            texts = set(self.text_columns)
            own = {column.name for column in self.columns} | texts
            own |= {name for name in self._columns if name.rpartition("=")[0] in texts}
            raw = bool(self._columns) and own.issuperset(self._columns) and not self._map
            merged = list(self._merged.values())
            self._found["layout"] = (
                None if raw else recognise(merged, self._map, self.path, self.text_columns)
            )
        return self._found["layout"]

    @property
    def _merged(self) -> dict[str, Column]:
        if "merged" not in self._found:
            self._found["merged"] = {column.name: column for column in numbered(self.columns)}
        return self._found["merged"]

    @property
    def _marked(self) -> dict[str, tuple[str, str]]:
        """The text column and the word of each column of zeros and ones."""
        return {
            category_column(name, word): (name, word)
            for name, words in self.categories.items()
            for word in words
        }

    def _values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """:meth:`values`, also of the columns that mark categories."""
        marked = {name: self._marked[name] for name in names if name in self._marked}
        numbers = [name for name in names if name not in marked]
        found = self.values(numbers, start, stop) if numbers else {}
        texts = {text: self.words(text, start, stop) for text, _ in marked.values()}
        return found | {name: marks(texts[text], word) for name, (text, word) in marked.items()}

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """The values of columns, including those combined from numbered columns."""
        merged = [self._merged[name] for name in dict.fromkeys(names) if name in self._merged]
        own = [name for column in merged for name in (column.members or (column.name,))]
        found = self.values(own, start, stop)
        joined: dict[str, Values] = {}
        for column in merged:
            if column.members:
                table = np.stack([np.asarray(found[name]) for name in column.members], axis=1)
                lengths = np.full(len(table), column.length)
                joined[column.name] = Lists(lengths, table.reshape(-1))
            else:
                joined[column.name] = found[column.name]
        labels = [name for name in names if name not in self._merged]
        return joined | (self._labels(labels, start, stop) if labels else {})

    def _labels(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """Columns ``NAME=WORD`` of text columns that are labels."""
        found: dict[str, Values] = {}
        for text in self.text_columns:
            known = [name[len(text) + 1 :] for name in names if name.startswith(f"{text}=")]
            if known:
                words = self.words(text, start, stop)
                found |= label_columns(text, known, words, self.path, start)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {
            **{key: value for key, value in vars(self).items() if key in _KEPT},
            "_found": {},
        }


_KEPT = ("path", "_map", "_columns", "_conditions", "_words")
"""Attributes that are pickled for other processes; the others are computed again there."""
