"""Text columns as categories: ``NAME=WORD`` is 1 in rows with this word, 0 in the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from jetgen.datasets.formats.source import Source

MOST_CATEGORIES = 20
"""Largest number of different words of a column that are categories."""

FEWEST_EACH = 2
"""Smallest mean number of rows per word."""


def categories(words: Iterable[str]) -> tuple[str, ...]:
    """The different words of a column, sorted; none if they are too many to be categories.

    Empty entries are missing, not a category.
    """
    found: set[str] = set()
    rows = 0
    for word in words:
        if word:
            rows += 1
            found.add(word)
            if len(found) > MOST_CATEGORIES:
                return ()
    return tuple(sorted(found)) if rows >= FEWEST_EACH * len(found) else ()


def category_column(name: str, word: str) -> str:
    """The name of the column that marks a category.

    >>> category_column("wall", "carbon")
    'wall=carbon'
    """
    return f"{name}={word}"


def marks(words: Sequence[str], word: str) -> np.ndarray[Any, Any]:
    """``(B,)`` numbers: 1 where the entry is this word, 0 where another, NaN where it is empty."""
    entries = np.asarray(words, dtype=object)
    return np.where(entries == "", np.nan, (entries == word).astype(float))


def expanded(names: Sequence[str], known: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Names of columns, with those of text columns replaced by those of their categories.

    Args:
        names: the names.
        known: the words of each text column.
    """
    return tuple(
        column
        for name in names
        for column in (
            [category_column(name, word) for word in known[name]] if name in known else [name]
        )
    )


def words_of(sources: Sequence[Source], asked: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The words of each text column in all files, and those ``NAME=WORD`` that are asked for."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for name, words in source.categories.items():
            found.setdefault(name, set()).update(words)
        source.close()
    for column in asked:
        name, _, word = column.rpartition("=")
        if name in found:
            found[name].add(word)
    return {name: tuple(sorted(words)) for name, words in found.items()}
