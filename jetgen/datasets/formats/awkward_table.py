"""Base of containers of ragged columns: columns found from the types of their arrays."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jetgen.datasets.formats.column_source import Lists, Values, as_feature
from jetgen.datasets.formats.names import Column
from jetgen.datasets.formats.precision import exact
from jetgen.datasets.formats.table import TableSource
from jetgen.errors import InputWarning

NUMBERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
           "float16", "float32", "float64")  # fmt: skip

TEXT = "text"
"""Why a column of words is not one of numbers."""


class AwkwardSource(TableSource):
    """Columns of numbers, of lists of numbers, and of records of these."""

    @property
    @abstractmethod
    def kinds(self) -> dict[str, Any]:
        """The awkward type of one entry of each column, or why it cannot be read, as a text."""

    @abstractmethod
    def arrays(self, names: Sequence[str], start: int, stop: int) -> dict[str, Any]:
        """The awkward arrays of columns in some rows."""

    def unit(self, column: str) -> str:
        """The unit of a column given in the container."""
        return ""

    @property
    def columns(self) -> list[Column]:
        return [column for column, _ in self._paths.values()]

    @property
    def unread(self) -> dict[str, str]:
        self._paths  # noqa: B018 (finds them)
        return dict(self._found["unread"])

    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        import awkward as ak

        paths = {name: self._paths[name][1] for name in names}
        arrays = self.arrays(list(dict.fromkeys(path[0] for path in paths.values())), start, stop)
        found: dict[str, Values] = {}
        for name, (top, *inner) in paths.items():
            array = arrays[top]
            for key in inner:
                array = array[key]
            if not self._paths[name][0].items:
                found[name] = _numbers(array)
                continue
            if ak.any(ak.is_none(array)):
                warnings.warn(
                    f"{self.path}: missing lists of {name} are read as empty ones",
                    InputWarning,
                    stacklevel=2,
                )
            array = ak.fill_none(array, [], axis=0)
            lengths = ak.to_numpy(ak.num(array))
            found[name] = Lists(np.asarray(lengths), _numbers(ak.flatten(array)))
        return found

    @property
    def text_columns(self) -> list[str]:
        return [
            name for name, reason in self.unread.items() if reason == TEXT and name in self.kinds
        ]

    def words(self, name: str, start: int, stop: int) -> list[str]:
        words = self.arrays([name], start, stop)[name].to_list()
        texts = (
            word.decode("utf-8", "replace") if isinstance(word, bytes) else word for word in words
        )
        return [text or "" for text in texts]

    @property
    def _paths(self) -> dict[str, tuple[Column, tuple[str, ...]]]:
        """The columns by name, and the path of fields to each."""
        if "paths" not in self._found:
            paths: dict[str, tuple[Column, tuple[str, ...]]] = {}
            unread: dict[str, str] = {}
            for name, kind in self.kinds.items():
                for path, items, length, reason in _walk(kind, (name,)):
                    shown = ".".join(filter(None, path))
                    if reason:
                        unread[shown] = reason
                        continue
                    feature = as_feature(shown)
                    unit = self.unit(name) or feature.unit
                    column = Column(feature.name, items, unit, length)
                    if column.name in paths:
                        unread[shown] = f"another column is named {column.name}"
                        continue
                    paths[column.name] = column, path
            counters = {f"n{column.name}" for column, _ in paths.values() if column.items}
            self._found["paths"] = {k: v for k, v in paths.items() if k not in counters}
            self._found["unread"] = unread
        return self._found["paths"]


def _walk(
    kind: Any, path: tuple[str, ...], items: bool = False, length: int = 0
) -> Iterator[tuple[tuple[str, ...], bool, int, str]]:
    """Every number in a type: path of fields, whether it is in a list, why it is unreadable."""
    from awkward import types

    if isinstance(kind, str):
        yield path, items, length, kind
    elif isinstance(kind, types.OptionType):
        yield from _walk(kind.content, path, items, length)
    elif isinstance(kind, types.RecordType) and not kind.is_tuple:
        for name in kind.fields:
            yield from _walk(kind.content(name), (*path, name), items, length)
    elif isinstance(kind, types.NumpyType):
        reason = "" if kind.primitive in NUMBERS else f"no numbers ({kind.primitive})"
        yield path, items, length, reason
    elif isinstance(kind, types.ListType | types.RegularType):
        text = kind.parameter("__array__") in ("string", "bytestring")
        if items or text:
            reason = TEXT if text and not items else "lists of lists"
            yield path, items, length, "lists of text" if text and items else reason
        else:
            size = kind.size if isinstance(kind, types.RegularType) else 0
            yield from _walk(kind.content, path, True, size)
    elif isinstance(kind, types.UnknownType):
        yield path, items, length, "no entries"
    else:
        yield path, items, length, f"neither numbers nor lists of numbers ({kind})"


def _numbers(array: Any) -> np.ndarray[Any, Any]:
    """Numbers of any type, in float64 with NaN if values are missing."""
    import awkward as ak

    if ak.any(ak.is_none(array)):
        array = ak.fill_none(ak.values_astype(array, np.float64), np.nan)
    return exact(np.asarray(ak.to_numpy(array, allow_missing=False)))
