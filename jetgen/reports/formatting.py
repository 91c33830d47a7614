"""The cells of the table: rounded numbers and verdicts."""

from __future__ import annotations

import math
from typing import NamedTuple

from jetgen.evaluation.comparison import Distance, Row
from jetgen.evaluation.table import NOTHING
from jetgen.evaluation.verdict import sigmas_in_words

_DIGITS = 2


class Cell(NamedTuple):
    """One cell of the printed table."""

    number: str
    note: str
    verdict: str


def with_uncertainty(value: float, uncertainty: float) -> str:
    """``value ± uncertainty`` with two significant digits of the uncertainty.

    >>> with_uncertainty(12.3456, 0.0789)
    '12.346 ± 0.079'
    >>> with_uncertainty(1234.5, 67.8)
    '1234 ± 68'
    """
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return f"{value:.3g}"
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(uncertainty)))
    decimals = min(decimals, 6)
    return f"{value:.{decimals}f} ± {uncertainty:.{decimals}f}"


def floor_cell(row: Row) -> str:
    """The floor and its σ, in the unit of the row."""
    scale = row.quantity.scale
    return with_uncertainty(row.floor / scale, row.floor_spread / scale)


def cell(row: Row, sample: str) -> Cell:
    """The distance of a sample in the unit of the row; a dash if it lacks the quantity."""
    if sample not in row.distances:
        return Cell("–", "not available", "unknown")
    distance = row.distances[sample]
    scale = row.quantity.scale
    if distance.value < NOTHING * row.floor:
        return Cell("≈ 0", "below the floor", distance.verdict)
    number = with_uncertainty(distance.value / scale, distance.uncertainty / scale)
    return Cell(number, _above(distance), distance.verdict)


def _above(distance: Distance) -> str:
    """The excess over the floor in σ, and the distance in multiples of the floor."""
    if distance.spreads < 0:
        return "below the floor"
    sigmas = sigmas_in_words(distance.spreads)
    return f"{sigmas}, {distance.ratio:.2g} ×" if math.isfinite(distance.ratio) else sigmas
