"""Figures of merit of a classifier between generated and real jets, from its test outputs."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.datasets.copies import Copies, together
from jetgen.errors import InputError
from jetgen.physics.observables import MeasuredSets
from jetgen.weights import counted_sets, effective_size, sized

FEWEST_TESTED = 500
"""Smallest number of jets of each kind for the AUC of a sample: with half of them for training and
half for testing, its standard error is at least 0.026, and trees have few jets to learn from."""

FEWEST_CLASSIFIED = 100
"""Smallest number of jets of each kind for a classifier."""

MOST_CLASSIFIED = 100_000
"""Largest number of jets of each kind: 50,000 for training and 50,000 for testing."""

BINS = 25
"""Number of bins of the output distributions, with equal numbers of jets."""

ROC_POINTS = 101

SCORE_BINS = 30
"""Number of equal bins of the histograms of the score."""


class Scores(NamedTuple):
    """Histograms of the score: ``(n + 1,)`` edges, ``(n,)`` shares of real and generated jets."""

    edges: tuple[float, ...]
    real: tuple[float, ...]
    generated: tuple[float, ...]


class FigureOfMerit(NamedTuple):
    """How well a classifier separates generated from real jets, on jets not used in training.

    Args:
        auc: area under the ROC curve; 0.5 for indistinguishable samples.
        auc_error: its standard error.
        chi2: reduced chi-squared between the two distributions of the output; 1 on average for
            indistinguishable samples.
        overlap: common area of the two distributions, 1 for equal ones.
        roc: the curve, shares of real and of generated jets above a falling cut.
        scores: histograms of the output.
        jets: (effective) number of jets of each kind; half for training, half for testing.
        importances: names of features and their losses of AUC when their values are shuffled, in
            falling order; empty if features have no names.
    """

    auc: float
    auc_error: float
    chi2: float
    overlap: float
    roc: tuple[tuple[float, float], ...]
    scores: Scores
    jets: int
    importances: tuple[tuple[str, float], ...] = ()


class Weights(NamedTuple):
    """Event weights ``(n,)`` of real and of generated jets."""

    real: NDArray[np.float64]
    generated: NDArray[np.float64]

    @classmethod
    def ones(cls, real: int, generated: int) -> Weights:
        return cls(np.ones(real), np.ones(generated))


class Halves(NamedTuple):
    """Indices ``(n,)`` of the training and test jets of both kinds."""

    train_real: Tensor
    train_generated: Tensor
    test_real: Tensor
    test_generated: Tensor

    @property
    def jets(self) -> int:
        """Number of jets of each kind."""
        return len(self.train_real) + len(self.test_real)


def halves(
    real: Tensor,
    generated: Tensor,
    jets: int,
    seed: int,
    keys: list[Tensor] | None = None,
) -> Halves:
    """Split the same number of jets of each kind, at most ``jets``, into two random halves.

    Copies, also of a real jet among the generated ones, are in one half: a classifier that was
    trained on one of them would repeat its label for the other.

    Args:
        real, generated: ``(B,)`` and ``(C,)`` event weights of the jets of both kinds.
        jets: largest number of jets of each kind.
        seed: seed for the selection.
        keys: ``(B,)`` and ``(C,)`` integers that agree for copies
            (:func:`jetgen.datasets.copies.copy_keys`); all jets are different when omitted.

    Raises:
        InputError: when there are too few jets, or too few different ones.
    """
    size = min(len(real), len(generated), jets)
    if min(size, counted_sets(real), counted_sets(generated)) < FEWEST_CLASSIFIED:
        raise InputError(
            f"classifier: expected at least {FEWEST_CLASSIFIED} jets of each kind, "
            f"received {sized(real)} and {sized(generated)}"
        )
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.randperm(len(weights), generator=random)[:size] for weights in (real, generated))
    trained = torch.arange(size) < size // 2
    sides = trained, trained
    if keys is not None:
        found = torch.zeros(len(real) + len(generated), dtype=torch.bool)
        rows = torch.cat([x, len(real) + y])
        found[rows] = trained.repeat(2)
        chosen = rows.sort().values  # the first of several copies is not the first drawn
        found[chosen] = together(found[chosen], torch.cat(keys)[chosen])
        sides = found[rows[:size]], found[rows[size:]]
    dealt = Halves(x[sides[0]], y[sides[1]], x[~sides[0]], y[~sides[1]])
    if not all(map(len, dealt)):
        raise InputError(
            "classifier: expected different jets to train and to test, received copies of a few"
        )
    return dealt


def keys_of_sets(*sides: MeasuredSets) -> list[Tensor]:
    """:func:`jetgen.datasets.copies.copy_keys` of measured sets, a few thousand at a time."""
    copies = Copies()
    for sets in sides:
        for piece in sets.pieces():
            copies.add(piece.relative)
    return list(copies.keys().split([len(sets) for sets in sides]))


def score_outputs(
    real: NDArray[np.float64],
    generated: NDArray[np.float64],
    jets: int,
    importances: tuple[tuple[str, float], ...] = (),
    weights: Weights | None = None,
) -> FigureOfMerit:
    """The figures of merit from a classifier's outputs, which are larger for generated jets.

    Args:
        real, generated: ``(n,)`` outputs for the test jets.
        jets: number of jets of each kind, including those for training; the result has their
            effective number, that of the kind with the smaller one.
        importances: stored in the result.
        weights: event weights ``(n,)`` of both; ones when omitted.
    """
    known = weights or Weights.ones(len(real), len(generated))
    auc = area_under_roc(real, generated, known)
    chi2, overlap = compare_outputs(real, generated, known)
    sizes = [effective_size(torch.from_numpy(side)) for side in known]
    error = auc_standard_error(auc, *sizes)
    shares = [size / len(side) for size, side in zip(sizes, known, strict=True)]
    roc = roc_curve(real, generated, known)
    scores = score_histograms(real, generated, known)
    counted = round(jets * min(shares))
    return FigureOfMerit(auc, error, chi2, overlap, roc, scores, counted, importances)


def area_under_roc(
    real: NDArray[np.float64], generated: NDArray[np.float64], weights: Weights | None = None
) -> float:
    """Probability that a generated jet's output exceeds a real one's; ties count one half."""
    known = weights or Weights.ones(len(real), len(generated))
    below, upto = (_share(real, generated, known.real, side) for side in ("left", "right"))
    mean = float(np.average((below + upto) / 2, weights=known.generated))
    return min(max(mean, 0.0), 1.0)  # rounding of summed weights


def auc_standard_error(auc: float, real: float, generated: float) -> float:
    """Standard error of an AUC for these numbers of real and generated jets.

    Source:
        The Meaning and Use of the Area under a ROC Curve (Hanley, McNeil, 1982).
    """
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (generated - 1) * (one - auc**2) + (real - 1) * (two - auc**2)
    return float(np.sqrt(max(variance, 0.0) / (real * generated)))


def roc_curve(
    real: NDArray[np.float64], generated: NDArray[np.float64], weights: Weights | None = None
) -> tuple[tuple[float, float], ...]:
    """Shares of real and generated jets above falling cuts, from none to all jets.

    The cuts are evenly spaced quantiles of the combined samples.
    """
    known = weights or Weights.ones(len(real), len(generated))
    cuts = np.quantile(np.concatenate([real, generated]), np.linspace(1, 0, ROC_POINTS))
    cuts[-1] = -np.inf
    above = (
        1 - _share(side, cuts, own, "right")
        for side, own in zip((real, generated), known, strict=True)
    )
    return tuple((float(a), float(b)) for a, b in zip(*above, strict=True))


def score_histograms(
    real: NDArray[np.float64], generated: NDArray[np.float64], weights: Weights
) -> Scores:
    """Shares of the weight of both in equal bins from the smallest to the largest output."""
    pooled = np.concatenate([real, generated])
    edges = np.linspace(pooled.min(), max(pooled.max(), pooled.min() + 1e-6), SCORE_BINS + 1)
    shares = [
        np.histogram(side, edges, weights=own / own.sum())[0]
        for side, own in zip((real, generated), weights, strict=True)
    ]
    return Scores(*(tuple(values.tolist()) for values in (edges, *shares)))


def compare_outputs(
    real: NDArray[np.float64], generated: NDArray[np.float64], weights: Weights | None = None
) -> tuple[float, float]:
    r"""Reduced chi-squared and overlap of two samples, in quantile bins of the combined sample.

    With the shares :math:`p_b, q_b` of the summed weights in a bin,
    :math:`\chi^2 = \sum_b (p_b - q_b)^2 / (\sigma_{p_b}^2 + \sigma_{q_b}^2)`,
    :math:`\sigma_{p_b}^2 = \sum_{j \in b} w_j^2 / (\sum_j w_j)^2`, divided by the number of bins
    minus one.
    """
    known = weights or Weights.ones(len(real), len(generated))
    pooled = np.concatenate([real, generated])
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, BINS + 1)))
    shares, variances = [], []
    for side, own in zip((real, generated), known, strict=True):
        place = np.searchsorted(edges, side, "right") - 1
        total = own.sum()
        shares.append(np.bincount(place, own, len(edges)) / total)
        variances.append(np.bincount(place, own**2, len(edges)) / total**2)
    variance = variances[0] + variances[1]
    filled = variance > 0
    p, q = (side[filled] for side in shares)
    chi2 = ((p - q) ** 2 / variance[filled]).sum() / max(1, len(p) - 1)
    return float(chi2), float(np.minimum(p, q).sum())


def _share(
    values: NDArray[np.float64],
    cuts: NDArray[np.float64],
    weights: NDArray[np.float64],
    side: Literal["left", "right"],
) -> NDArray[np.float64]:
    """The share of the weight of ``values`` below each cut (with ``right``: below or at it)."""
    order = np.argsort(values)
    reached = np.concatenate([[0.0], np.cumsum(weights[order])])
    return reached[np.searchsorted(values[order], cuts, side)] / reached[-1]
