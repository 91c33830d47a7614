"""The class labels of jets in files, checked to be those of known classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.datasets.formats.categories import category_column, marks
from jetgen.datasets.formats.recognition import JetColumns, suggestion
from jetgen.errors import InputError
from jetgen.physics.classes import CLASSES, UNKNOWN_CLASS, class_name

TYPE_INDICES = range(UNKNOWN_CLASS, len(CLASSES))
"""The valid type indices, including that of the unknown class."""


def type_indices(codes: np.ndarray[Any, Any], where: str, start: int = 0) -> Tensor:
    """``(B,)`` type indices from a column; -1 is the unknown class.

    Args:
        codes: ``(B,)`` the column.
        where: the file and the column, for messages.
        start: index of the first jet.

    Raises:
        InputError: for another number.
    """
    require_labels(np.isin(codes, TYPE_INDICES), codes, where, start)
    return torch.from_numpy(codes.astype(np.int64))


def types_of_columns(
    layout: JetColumns, found: Mapping[str, Any], path: Path, start: int
) -> Tensor:
    """``(B,)`` type indices of jets in a table, from its column of types or of marked classes.

    Args:
        layout: which columns these are.
        found: the values ``(B,)`` of columns by name.
        path: the file, for messages.
        start: index of the first jet.

    Raises:
        InputError: for a label of no class, or for jets with several labels.
    """
    if layout.type is not None:
        codes = np.asarray(found[layout.type])
        _require_known(np.isin(codes, TYPE_INDICES), codes, path, layout.type, start)
        return torch.from_numpy(codes.astype(np.int64))
    columns = sorted({mark.column for mark in layout.classes.values()})
    one_hot = len(columns) > 1
    for column in columns:
        codes = np.asarray(found[column])
        values = [mark.value for mark in layout.classes.values() if mark.column == column]
        known = np.isin(codes, [*values, 0.0] if one_hot or len(values) == 1 else values)
        _require_known(known, codes, path, column, start)
    marked = np.stack(
        [np.asarray(found[mark.column]) == mark.value for mark in layout.classes.values()]
    )
    several = marked.sum(0) > 1
    if several.any():
        raise InputError(
            f"{path}: expected one label per jet, received several in "
            f"{int(several.sum())} jets, first in jet {start + int(several.argmax())}"
        )
    indices = np.array(list(layout.classes))
    types = np.where(marked.any(0), indices[marked.argmax(0)], UNKNOWN_CLASS)
    return torch.from_numpy(types.astype(np.int64))


def label_columns(
    name: str, labels: Sequence[str], words: Sequence[str], path: Path, start: int
) -> dict[str, np.ndarray[Any, Any]]:
    """Columns ``NAME=WORD`` of a text column of labels; without a word, zero in all.

    Args:
        name: the column.
        labels: the words that are labels of classes.
        words: the entries of the column.
        path: the file, for messages.
        start: index of the first jet.

    Raises:
        InputError: for a word that is the label of no class.
    """
    known = np.array([word in ("", *labels) for word in words])
    _require_known(known, np.asarray(words, dtype=object), path, name, start)
    return {category_column(name, word): np.nan_to_num(marks(words, word)) for word in labels}


def _require_known(
    known: np.ndarray[Any, Any], codes: np.ndarray[Any, Any], path: Path, column: str, start: int
) -> None:
    if not known.all():
        code = codes[(~known).argmax()]
        label = f"{column}:{code if isinstance(code, str) else f'{code:g}'}"
        advice = f"specify their classes, such as {suggestion({class_name(0): label})}"
        require_labels(known, codes, f"{path}: {column}", start, advice)


def require_labels(
    known: np.ndarray[Any, Any],
    codes: np.ndarray[Any, Any],
    where: str,
    start: int = 0,
    advice: str = "change them",
) -> None:
    """Raise :class:`InputError` unless ``known`` ``(B,)`` is true for all labels."""
    if not known.all():
        first = int((~known).argmax())
        code = repr(codes[first]) if isinstance(codes[first], str) else f"{codes[first]:g}"
        raise InputError(
            f"{where}: expected labels of known classes, received {code} in jet "
            f"{start + first} and {int((~known).sum())} jets in total; {advice}"
        )
