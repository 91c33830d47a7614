"""Labels of jets as files hold them, checked to stand for known classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.errors import InputError
from jetgen.physics.classes import CLASSES, UNKNOWN_CLASS

TYPE_INDICES = range(UNKNOWN_CLASS, len(CLASSES))
"""The numbers that stand for a class, or for none."""


def type_indices(codes: np.ndarray[Any, Any], where: str, start: int = 0) -> Tensor:
    """``(B,)`` type indices from a column that holds them; -1 stands for no known class.

    Args:
        codes: ``(B,)`` the column.
        where: the file and the column, for messages.
        start: the number of the first jet.

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
    """Raise :class:`InputError` unless all ``known`` ``(B,)`` of these labels are true."""
    if not known.all():
        first = int((~known).argmax())
        raise InputError(
            f"{where}: expected labels of known classes, received {codes[first]:g} in jet "
            f"{start + first} and {int((~known).sum())} jets in all; {advice}"
        )
