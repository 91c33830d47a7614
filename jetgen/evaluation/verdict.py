"""One verdict per sample, from a classifier and the worst of the metrics that count.

``jetgen evaluate`` and ``jetgen report`` both print it. Its three words have fixed thresholds:

- a metric is ``indistinguishable`` up to 3 σ above the floor, ``close`` up to 10 σ or up to twice
  the floor, and ``different`` where it is beyond both;
- an AUC is ``indistinguishable`` up to 0.5 plus 3 of its standard errors (0.02 at least), ``close``
  up to 0.65, and ``different`` beyond;
- the word of a sample is the worst of its AUC and of the metrics that count. A sample without an
  AUC is at best ``close``: a classifier can find differences that single distributions do not show.

For jets the standard metrics and the substructure count (``Kind.counted``), for other sets every
column. Quantities that a model is conditioned on (``Kind.given``, conditions of other sets) are
right by construction and never count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from jetgen.classifiers.figure_of_merit import FEWEST_TESTED, FigureOfMerit
from jetgen.evaluation.checks import RECONSTRUCTED
from jetgen.evaluation.comparison import WORDS, Comparison, Row

CLASSIFIERS = {
    "trees": "boosted trees",
    "particlenet": "ParticleNet",
    "transformer": "transformer",
}
"""Titles of the classifiers by their names."""

AUC_CLOSE = 0.65
_LEAST, _ERRORS = 0.02, 3.0

_PUBLISHED_NAMES = {
    "relative_mass": "W1M",
    "particle_mean": "W1P",
    "w1efp": "W1EFP",
    "fpd": "FPD",
    "kpd": "KPD",
    "uncovered": "1 − COV",
    "mmd": "MMD",
}


class Headline(NamedTuple):
    """The verdict on one sample.

    Args:
        word: ``indistinguishable``, ``close`` or ``different``.
        text: the reasons, in a few sentences.
    """

    word: str
    text: str


def headlines(
    comparison: Comparison, merits: Mapping[str, Mapping[str, FigureOfMerit]]
) -> dict[str, Headline]:
    """The verdict on each sample of a table.

    Args:
        comparison: the metrics.
        merits: figures of merit by sample and by the name of the classifier.
    """
    return {
        sample: _headline(comparison, sample, merits.get(sample, {}))
        for sample in comparison.samples
    }


def auc_word(merit: FigureOfMerit) -> str:
    """The word for an AUC."""
    if merit.auc <= 0.5 + max(_LEAST, _ERRORS * merit.auc_error):
        return "indistinguishable"
    return "close" if merit.auc <= AUC_CLOSE else "different"


def counted(comparison: Comparison) -> list[Row]:
    """The rows that count in the verdict."""
    names = comparison.kind.counted
    return [
        row
        for row in comparison.rows
        if row.quantity.name not in comparison.given
        and (names is None or row.quantity.name in names)
    ]


def metric_title(name: str, title: str) -> str:
    """The title of a metric, with the name that papers use if there is one."""
    known = _PUBLISHED_NAMES.get(name)
    return title if known is None or known in title else f"{title} ({known})"


def sigmas_in_words(sigmas: float) -> str:
    """A signed number of σ with two significant digits, or whole from 10."""
    if math.isinf(sigmas):
        return "+∞ σ"
    return f"{sigmas:+.1f} σ" if abs(sigmas) < 9.95 else f"{sigmas:+.0f} σ"


def _headline(comparison: Comparison, sample: str, merits: Mapping[str, FigureOfMerit]) -> Headline:
    rows = [row for row in counted(comparison) if sample in row.distances]
    words = [row.distances[sample].verdict for row in rows]
    words += [auc_word(merit) for merit in merits.values()]
    if not merits and sample != RECONSTRUCTED:
        words.append("close")
    word = max(words, key=WORDS.index, default="close")
    return Headline(
        word, " ".join([*_classified(comparison, sample, merits), *_worst(rows, sample)])
    )


def _classified(
    comparison: Comparison, sample: str, merits: Mapping[str, FigureOfMerit]
) -> list[str]:
    many = comparison.kind.noun.many
    if sample == RECONSTRUCTED:
        return [f"Compared with the {many} that were encoded; no classifier."]
    if not merits:
        known = [
            size for name in (sample, comparison.reference) if (size := comparison.sizes.get(name))
        ]
        here = f", received {min(known)}" if known else ""
        return [f"No classifier: it needs at least {FEWEST_TESTED} {many} per sample{here}."]
    found = [
        f"AUC {merit.auc:.3f} ± {merit.auc_error:.3f} ({CLASSIFIERS[name]})"
        for name, merit in merits.items()
    ]
    return [", ".join(found) + "."]


def _worst(rows: list[Row], sample: str) -> list[str]:
    if not rows:
        return ["None of the metrics that count is available."]
    words = [row.distances[sample].verdict for row in rows]
    equal = f"{words.count('indistinguishable')} of {len(rows)} metrics indistinguishable"
    if words.count("indistinguishable") == len(rows):
        return [f"{equal}."]
    worst = max(rows, key=lambda row: _order(row, sample))
    distance = worst.distances[sample]
    times = f"{distance.ratio:.2g} × the floor, " if math.isfinite(distance.ratio) else ""
    title = metric_title(worst.quantity.name, worst.quantity.observable.title)
    return [f"Worst: {title}, {times}{sigmas_in_words(distance.spreads)}. {equal}."]


def _order(row: Row, sample: str) -> tuple[int, float]:
    distance = row.distances[sample]
    return WORDS.index(distance.verdict), distance.spreads
