"""Conversion to single precision, with a warning if different numbers become equal."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from jetgen.errors import InputWarning, PrecisionWarning

EXACT = 2**24
"""Integers up to this number are exact in single precision."""


LOST = 0.01
"""Share of the different numbers that a feature may lose; random momenta lose fewer."""


def exact(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Whole numbers as they are, others in double precision."""
    return values if values.dtype.kind in "iu" else values.astype(np.float64)


def single(values: np.ndarray[Any, Any], where: str, *, used: bool = False) -> np.ndarray[Any, Any]:
    """Numbers as float32.

    Args:
        values: the numbers of a column.
        where: the file and the column, for messages.
        used: whether the column is a feature or was asked for, unlike numbers beside the jets.

    Warns:
        InputWarning: if different numbers become equal.
        PrecisionWarning: if more than :data:`LOST` of those of a used column do, such as event
            numbers and times.
    """
    rounded = values.astype(np.float32)
    with np.errstate(invalid="ignore"):
        large = bool((np.abs(values) > EXACT).any()) if values.dtype.itemsize > 4 else False
        large = large or (values.dtype.kind in "iu" and bool((np.abs(values) > EXACT).any()))
    if large:
        kept, held = len(np.unique(rounded)), len(np.unique(values))
        if kept < held:
            warnings.warn(
                f"{where}: {held} different numbers become {kept} in single precision; subtract "
                "an offset, or omit the column",
                PrecisionWarning if used and kept < (1 - LOST) * held else InputWarning,
                stacklevel=3,
            )
    return rounded
