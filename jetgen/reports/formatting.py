"""The table and the verdict, in words and rounded numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

from jetgen.evaluation.comparison import Comparison, Distance, Row

_DIGITS = 2
NOTHING = 1e-3
"""Distances below this share of the floor are printed as zero: rounding, or copied numbers."""


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


def spreads_in_words(distance: Distance) -> str:
    """How far above the floor, in units of the floor's spread."""
    spreads = distance.spreads
    if math.isinf(spreads):
        return "+∞ spreads"
    if spreads < 0:
        return "below the floor"
    return f"{spreads:+.1f} spreads" if spreads < 99.5 else f"{spreads:+.0f} spreads"


def floor_cell(row: Row) -> str:
    """The floor and its spread, in the row's unit."""
    scale = row.quantity.scale
    return with_uncertainty(row.floor / scale, row.floor_spread / scale)


def cell(row: Row, sample: str) -> Cell:
    """A sample's distance in the row's unit; a dash where it does not know the quantity."""
    if sample not in row.distances:
        return Cell("–", "not known", "unknown")
    distance = row.distances[sample]
    scale = row.quantity.scale
    if distance.value < NOTHING * row.floor:
        return Cell("≈ 0", "below the floor", distance.verdict)
    number = with_uncertainty(distance.value / scale, distance.uncertainty / scale)
    return Cell(number, spreads_in_words(distance), distance.verdict)


def verdict(comparison: Comparison, sample: str) -> str:
    """One or two sentences on a sample: where it stands, its worst, and the trivial generator."""
    rows = [row for row in comparison.rows if sample in row.distances]
    many = comparison.kind.noun.many
    words = [row.distances[sample].verdict for row in rows]
    alike, close = words.count("indistinguishable"), words.count("close")
    parts = [
        f"{alike} of {len(rows)} quantities indistinguishable from real {many} at "
        f"this sample size, {close} close, {len(rows) - alike - close} different."
    ]
    worst = max(rows, key=lambda row: row.distances[sample].spreads)
    if worst.distances[sample].verdict != "indistinguishable":
        parts.append(
            f"Farthest: {worst.quantity.observable.title} "
            f"({spreads_in_words(worst.distances[sample])[1:]} above the floor)."
        )
    baseline = comparison.kind.baseline
    trivial = baseline if baseline in comparison.samples else sample
    if sample != trivial:
        parts.append(_against_baseline(comparison, sample, trivial))
    return " ".join(parts)


def _against_baseline(comparison: Comparison, sample: str, trivial: str) -> str:
    """Where both are at the floor neither wins."""
    nearer = farther = even = 0
    for row in comparison.rows:
        if sample not in row.distances or trivial not in row.distances:
            continue
        own, other = row.distances[sample], row.distances[trivial]
        if own.verdict == other.verdict == "indistinguishable":
            even += 1
        elif own.value < other.value:
            nearer += 1
        else:
            farther += 1
    text = f"Nearer to real {comparison.kind.noun.many} than {trivial} in {nearer} quantities, "
    text += f"farther in {farther}"
    return text + (f"; in {even} both are at the floor." if even else ".")
