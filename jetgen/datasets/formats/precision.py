"""Conversion to single precision, with a warning if different numbers become equal."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from jetgen.errors import InputWarning

EXACT = 2**24
"""Integers up to this number are exact in single precision."""


def single(values: np.ndarray[Any, Any], where: str) -> np.ndarray[Any, Any]:
    """Numbers as float32.

    Warns:
        InputWarning: if different numbers become equal, such as event numbers and times; ``where``
            names the file and the column.
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
                InputWarning,
                stacklevel=3,
            )
    return rounded
