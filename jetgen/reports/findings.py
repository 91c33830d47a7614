"""The results of a study: claims with their evidence, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from jetgen.metrics.trainings import TrainingMean, p_text

Verdict = Literal["confirmed", "not confirmed", "undecided"]

LEVEL = 0.05
"""The largest probability of a verdict on a difference that does not exist."""


@dataclass(frozen=True)
class Claim:
    """A published statement, and the result measured here.

    Args:
        statement: the claim.
        verdict: whether it is confirmed.
        evidence: the measured numbers.
        basis: what the verdict rests on: the number of trainings, and p-values.
    """

    statement: str
    verdict: Verdict
    evidence: str
    basis: str


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


def judged(found: TrainingMean) -> Verdict:
    """The verdict on a number that should be positive, by Student's t at the level of 5 %.

    ``confirmed`` if it is positive and differs from zero, ``not confirmed`` if it is negative and
    differs from zero, and ``undecided`` between.
    """
    if found.p_value >= LEVEL:
        return "undecided"
    return "confirmed" if found.value > 0 else "not confirmed"


def judged_all(found: Mapping[str, TrainingMean]) -> Verdict:
    """The verdict on numbers that should all be positive.

    ``confirmed`` if each is, and ``not confirmed`` if one is negative with a p-value of at most 5 %
    over their number, so that the level holds for all of them together.
    """
    if all(judged(each) == "confirmed" for each in found.values()):
        return "confirmed"
    against = any(each.value < 0 and each.p_value < LEVEL / len(found) for each in found.values())
    return "not confirmed" if against else "undecided"


def judged_alike(found: Mapping[str, TrainingMean], margins: Mapping[str, float]) -> Verdict:
    """The verdict on differences that should all be small.

    ``confirmed`` if each is between minus and plus its margin by two one-sided tests at 5 % (the
    central 90 % interval lies inside), ``not confirmed`` if one is outside by a one-sided test
    at 5 % over their number. That a difference is not significant is no proof of equality.
    """
    inside = [
        abs(each.value) + each.half_interval(1 - 2 * LEVEL) < margins[name]
        for name, each in found.items()
    ]
    level = 1 - 2 * LEVEL / len(found)
    outside = [
        abs(each.value) - each.half_interval(level) > margins[name] for name, each in found.items()
    ]
    if all(inside):
        return "confirmed"
    return "not confirmed" if any(outside) else "undecided"


def both(first: Verdict, second: Verdict) -> Verdict:
    """The verdict on a claim that needs two: confirmed if both are, not if one is not."""
    if "not confirmed" in (first, second):
        return "not confirmed"
    return "confirmed" if first == second == "confirmed" else "undecided"


def basis_of(found: Mapping[str, TrainingMean]) -> str:
    """What a verdict on several numbers rests on: the trainings of each, and the p-values."""
    numbers = sorted({each.trainings for each in found.values()})
    noun = "training" if numbers == [1] else "trainings"
    values = ", ".join(f"p {p_text(each.p_value)} ({name})" for name, each in found.items())
    return f"{' to '.join(str(n) for n in numbers)} {noun} each; {values}"
