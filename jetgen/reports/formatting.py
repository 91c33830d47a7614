"""The cells of the table: rounded numbers and verdicts."""

from __future__ import annotations

import math
from typing import NamedTuple

from jetgen.evaluation.comparison import Distance, Row
from jetgen.evaluation.table import NOTHING
from jetgen.evaluation.verdict import sigmas_in_words

_DIGITS = 2

_SMALLEST, _LARGEST = -5, 5
"""Powers of ten of an uncertainty that is written without one."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Cell(NamedTuple):
    """One cell of the printed table."""

    number: str
    note: str
    verdict: str


def with_uncertainty(value: float, uncertainty: float) -> str:
    """``value ± uncertainty`` with two significant digits of the uncertainty.

    >>> with_uncertainty(12.3456, 0.0789)
    '12.346 ± 0.079'
    >>> with_uncertainty(1234.5, 678.9)
    '1230 ± 680'
    >>> with_uncertainty(4.5678e19, 1.2e18), with_uncertainty(3e-9, 4e-9)
    ('(4.57 ± 0.12)·10¹⁹', '(3.0 ± 4.0)·10⁻⁹')
    """
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return f"{value:.3g}"
    power = math.floor(math.log10(uncertainty))
    if math.isfinite(value) and not _SMALLEST <= power <= _LARGEST:
        power = math.floor(math.log10(max(abs(value), uncertainty)))
        shrunk = with_uncertainty(value / 10.0**power, uncertainty / 10.0**power)
        return f"({shrunk})·10{str(power).translate(_RAISED)}"
    decimals = _DIGITS - 1 - power
    places = max(0, decimals)
    return f"{round(value, decimals):.{places}f} ± {round(uncertainty, decimals):.{places}f}"


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
