"""How well a classifier tells generated jets from real ones, from its output on jets of a test."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.errors import InputError

FEWEST = 100
"""Jets of each kind below which a classifier learns nothing."""

JETS = 100_000
"""At most so many of each kind: 50,000 to train on, as many to test."""

BINS = 25
"""Of the distributions of the output, with equally many jets in each."""

ROC_POINTS = 101


Array = NDArray[np.float64]
Weights = tuple[Array, Array]
"""``(n,)`` event weights of the real and of the generated jets of the test."""


class FigureOfMerit(NamedTuple):
    """How well a classifier tells generated jets from real ones, on jets not trained on.

    Args:
        auc: area under the ROC curve; 0.5 for indistinguishable samples.
        auc_error: its standard error.
        chi2: reduced chi-squared between the two distributions of the output; 1 in the mean for
            indistinguishable samples.
        overlap: common area of the two distributions, 1 for equal ones.
        roc: the curve, shares of real and of generated jets above a falling cut.
        jets: of each kind, half to train on and half to test.
        telling: features by falling loss of AUC when their values are shuffled, where they are
            named.
    """

    auc: float
    auc_error: float
    chi2: float
    overlap: float
    roc: tuple[tuple[float, float], ...]
    jets: int
    telling: tuple[tuple[str, float], ...] = ()


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
    if size < FEWEST:
        raise InputError(
            f"classifier: expected at least {FEWEST} jets of each kind, received {real} and "
            f"{generated}"
        )
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.randperm(count, generator=random)[:size] for count in (real, generated))
    half = size // 2
    return Halves(x[:half], y[:half], x[half:], y[half:])


def judge(
    real: Array,
    generated: Array,
    jets: int,
    telling: tuple[tuple[str, float], ...] = (),
    weights: Weights | None = None,
) -> FigureOfMerit:
    """The figures from a classifier's outputs, larger for jets that look generated.

    Args:
        real, generated: ``(n,)`` outputs for the jets of the test.
        jets: of each kind, training included.
        telling: passed on.
        weights: of the events; ones when omitted.
    """
    auc = area_under_roc(real, generated, weights)
    chi2, overlap = compare_outputs(real, generated, weights)
    numbers = (effective_number(side) for side in _given(real, generated, weights))
    error = auc_standard_error(auc, *numbers)
    curve = roc_curve(real, generated, weights)
    return FigureOfMerit(auc, error, chi2, overlap, curve, jets, telling)


def area_under_roc(real: Array, generated: Array, weights: Weights | None = None) -> float:
    """Probability that a generated jet's output exceeds a real one's, ties counting half."""
    real_weights, generated_weights = _given(real, generated, weights)
    order = np.argsort(real)
    below = np.concatenate([[0.0], np.cumsum(real_weights[order])])
    under, upto = (
        below[np.searchsorted(real[order], generated, side)] for side in ("left", "right")
    )
    return float(np.average((under + upto) / 2, weights=generated_weights) / below[-1])


def effective_number(weights: Array) -> float:
    """Jets of equal weight that would fluctuate as much: ``(sum w)^2 / sum w^2``."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def auc_standard_error(auc: float, real: float, generated: float) -> float:
    """Source: The Meaning and Use of the Area under a ROC Curve (Hanley, McNeil, 1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (generated - 1) * (one - auc**2) + (real - 1) * (two - auc**2)
    return float(np.sqrt(variance / (real * generated)))


def roc_curve(
    real: Array, generated: Array, weights: Weights | None = None
) -> tuple[tuple[float, float], ...]:
    """Shares of real and generated jets above cuts, from all cut away to none.

    The cuts are evenly spaced quantiles of both samples together.
    """
    cuts = np.quantile(np.concatenate([real, generated]), np.linspace(1, 0, ROC_POINTS))
    cuts[-1] = -np.inf
    shares = []
    for side, own in zip((real, generated), _given(real, generated, weights), strict=True):
        order = np.argsort(side)
        below = np.concatenate([[0.0], np.cumsum(own[order])]) / own.sum()
        shares.append(1 - below[np.searchsorted(side[order], cuts, "right")])
    return tuple((float(a), float(b)) for a, b in zip(*shares, strict=True))


def compare_outputs(
    real: Array, generated: Array, weights: Weights | None = None
) -> tuple[float, float]:
    """Reduced chi-squared and overlap of two samples, in bins that hold equally many of both.

    Bin by bin it is the squared difference of the shares of the weight over its variance.
    """
    pooled = np.concatenate([real, generated])
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, BINS + 1)))
    shares, variances = [], []
    for side, own in zip((real, generated), _given(real, generated, weights), strict=True):
        bins = np.searchsorted(edges, side, "right") - 1
        share = own / own.sum()
        shares.append(np.bincount(bins, share, len(edges)))
        variances.append(np.bincount(bins, share**2, len(edges)))
    variance = variances[0] + variances[1]
    filled = variance > 0
    terms = (shares[0] - shares[1])[filled] ** 2 / variance[filled]
    return float(terms.sum() / max(1, filled.sum() - 1)), float(np.minimum(*shares).sum())


def _given(real: Array, generated: Array, weights: Weights | None) -> Weights:
    return weights or (np.ones(len(real)), np.ones(len(generated)))
