"""How well a classifier tells generated jets from real ones, from its output on jets of a test."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.errors import InputError
from jetgen.metrics.weighted_quantiles import effective_size

FEWEST_TESTED = 500
"""Jets of each kind below which no AUC of a sample is given: with half of them trained on and half
tested its standard error is 0.026 at best, and trees have little to learn from."""

FEWEST_CLASSIFIED = 100
"""Jets of each kind below which a classifier learns nothing."""

MOST_CLASSIFIED = 100_000
"""At most so many of each kind: 50,000 to train on, as many to test."""

BINS = 25
"""Of the distributions of the output, with equally many jets in each."""

ROC_POINTS = 101

SCORE_BINS = 30
"""Equal bins of the histograms of the score."""


class Scores(NamedTuple):
    """Histograms of the score: ``(n + 1,)`` edges, ``(n,)`` shares of real and generated jets."""

    edges: tuple[float, ...]
    real: tuple[float, ...]
    generated: tuple[float, ...]


class FigureOfMerit(NamedTuple):
    """How well a classifier tells generated jets from real ones, on jets not trained on.

    Args:
        auc: area under the ROC curve; 0.5 for indistinguishable samples.
        auc_error: its standard error.
        chi2: reduced chi-squared between the two distributions of the output; 1 in the mean for
            indistinguishable samples.
        overlap: common area of the two distributions, 1 for equal ones.
        roc: the curve, shares of real and of generated jets above a falling cut.
        scores: histograms of the output.
        jets: of each kind, half to train on and half to test.
        telling: features by falling loss of AUC when their values are shuffled, where they are
            named.
    """

    auc: float
    auc_error: float
    chi2: float
    overlap: float
    roc: tuple[tuple[float, float], ...]
    scores: Scores
    jets: int
    telling: tuple[tuple[str, float], ...] = ()


class Weights(NamedTuple):
    """Event weights ``(n,)`` of real and of generated jets."""

    real: NDArray[np.float64]
    generated: NDArray[np.float64]

    @classmethod
    def ones(cls, real: int, generated: int) -> Weights:
        return cls(np.ones(real), np.ones(generated))


class Halves(NamedTuple):
    """Indices ``(n,)`` of the jets to train on and to test with, of both kinds."""

    train_real: Tensor
    train_generated: Tensor
    test_real: Tensor
    test_generated: Tensor

    @property
    def jets(self) -> int:
        """Of each kind."""
        return len(self.train_real) + len(self.test_real)


def halves(real: int, generated: int, jets: int, seed: int) -> Halves:
    """Deal as many jets of each kind as both have, at most ``jets``, into two halves.

    Raises:
        InputError: when there are too few.
    """
    size = min(real, generated, jets)
    if size < FEWEST_CLASSIFIED:
        raise InputError(
            f"classifier: expected at least {FEWEST_CLASSIFIED} jets of each kind, "
            f"received {real} and {generated}"
        )
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.randperm(count, generator=random)[:size] for count in (real, generated))
    half = size // 2
    return Halves(x[:half], y[:half], x[half:], y[half:])


def score_outputs(
    real: NDArray[np.float64],
    generated: NDArray[np.float64],
    jets: int,
    telling: tuple[tuple[str, float], ...] = (),
    weights: Weights | None = None,
) -> FigureOfMerit:
    """The figures from a classifier's outputs, larger for jets that look generated.

    Args:
        real, generated: ``(n,)`` outputs for the jets of the test.
        jets: of each kind, training included.
        telling: passed on.
        weights: event weights ``(n,)`` of both, ones when omitted.
    """
    known = weights or Weights.ones(len(real), len(generated))
    auc = area_under_roc(real, generated, known)
    chi2, overlap = compare_outputs(real, generated, known)
    error = auc_standard_error(auc, *(effective_size(side) for side in known))
    roc = roc_curve(real, generated, known)
    scores = score_histograms(real, generated, known)
    return FigureOfMerit(auc, error, chi2, overlap, roc, scores, jets, telling)


def area_under_roc(
    real: NDArray[np.float64], generated: NDArray[np.float64], weights: Weights | None = None
) -> float:
    """Probability that a generated jet's output exceeds a real one's, ties counting half."""
    known = weights or Weights.ones(len(real), len(generated))
    below, upto = (_share(real, generated, known.real, side) for side in ("left", "right"))
    mean = float(np.average((below + upto) / 2, weights=known.generated))
    return min(max(mean, 0.0), 1.0)  # rounding may leave sums of weights


def auc_standard_error(auc: float, real: float, generated: float) -> float:
    """Source: The Meaning and Use of the Area under a ROC Curve (Hanley, McNeil, 1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (generated - 1) * (one - auc**2) + (real - 1) * (two - auc**2)
    return float(np.sqrt(max(variance, 0.0) / (real * generated)))


def roc_curve(
    real: NDArray[np.float64], generated: NDArray[np.float64], weights: Weights | None = None
) -> tuple[tuple[float, float], ...]:
    """Shares of real and generated jets above cuts, from all cut away to none.

    The cuts are evenly spaced quantiles of both samples together.
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
    r"""Reduced chi-squared and overlap of two samples, in bins that hold equally many of both.

    With the shares :math:`p_b, q_b` of the summed weights in a bin,
    :math:`\chi^2 = \sum_b (p_b - q_b)^2 / (\sigma_{p_b}^2 + \sigma_{q_b}^2)`,
    :math:`\sigma_{p_b}^2 = \sum_{j \in b} w_j^2 / (\sum_j w_j)^2`, over one less than the bins.
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
    """The share of the weight of ``values`` below each cut (``right``: or at it)."""
    order = np.argsort(values)
    reached = np.concatenate([[0.0], np.cumsum(weights[order])])
    return reached[np.searchsorted(values[order], cuts, side)] / reached[-1]
