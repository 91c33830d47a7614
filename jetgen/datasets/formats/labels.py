"""Check of the class labels of jets in files."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.errors import InputError
from jetgen.physics.classes import CLASSES, UNKNOWN_CLASS

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
        raise InputError(
            f"{where}: expected labels of known classes, received {codes[first]:g} in jet "
            f"{start + first} and {int((~known).sum())} jets in total; {advice}"
        )
