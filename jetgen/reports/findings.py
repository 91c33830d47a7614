"""The results of a study: claims with their evidence, tables and figures."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

Verdict = Literal["confirmed", "not confirmed", "undecided"]


@dataclass(frozen=True)
class Claim:
    """A published statement, and the result measured here."""

    statement: str
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Table:
    """Rows of text under column titles."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class FindingFigure:
    """A figure with its file name, title and caption."""

    name: str
    title: str
    caption: str
    figure: Figure


@dataclass(frozen=True)
class Conclusion:
    """The answer in a few sentences, and the claims, tables and figures behind it."""

    answer: str
    claims: Sequence[Claim] = field(default=())
    tables: Sequence[Table] = field(default=())
    drawings: Sequence[FindingFigure] = field(default=())


def judged(difference: float, error: float, threshold: float = 2.0) -> Verdict:
    """The verdict on a difference that should be positive, from its size in units of its error.

    ``confirmed`` above ``threshold``, ``not confirmed`` below minus ``threshold``, and
    ``undecided`` between.
    """
    if difference > threshold * error:
        return "confirmed"
    return "not confirmed" if difference < -threshold * error else "undecided"


def mean_difference(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean of ``first - second`` over pairs, and its standard error from their scatter."""
    differences = [first - second for first, second in pairs]
    return statistics.mean(differences), statistics.stdev(differences) / len(pairs) ** 0.5
