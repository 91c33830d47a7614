"""A two-sample test by boosted trees: what a simple classifier still sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.errors import InputError
from jetgen.evaluation.samples import features

FEWEST = 100
"""Jets of each kind below which a classifier learns nothing."""

BINS = 25
"""Of the distributions of the output, with equally many jets in each."""


class FigureOfMerit(NamedTuple):
    """How well boosted trees tell generated jets from real ones.

    Args:
        auc: area under the ROC curve on jets not trained on; 0.5 for indistinguishable samples.
        auc_error: its standard error.
        chi2: reduced chi-squared between the two distributions of the output; 1 in the mean for
            indistinguishable samples.
        overlap: common area of the two distributions, 1 for equal ones.
        telling: features by falling loss of AUC when their values are shuffled.
        jets: of each kind, half to train on and half to test.
    """

    auc: float
    auc_error: float
    chi2: float
    overlap: float
    telling: tuple[tuple[str, float], ...]
    jets: int


def figure_of_merit(
    real: Tensor | NDArray[np.floating],
    generated: Tensor | NDArray[np.floating],
    names: Sequence[str],
    *,
    jets: int = 100_000,
    seed: int = 1,
) -> FigureOfMerit:
    """Train 100 trees of depth 4 at a learning rate of 0.1 on half the jets, test on the others.

    Args:
        real, generated: ``(B, d)`` jet features; as many jets of each are used as both have.
        names: of the ``d`` features.
        jets: at most so many of each kind.
        seed: of the choice of jets, the trees and the shuffles.

    Raises:
        InputError: when there are too few jets, or features do not correspond.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.inspection import permutation_importance

    x, y = features(real, "real features"), features(generated, "generated features")
    if not x.shape[1] == y.shape[1] == len(names):
        raise InputError(
            f"classifier: expected as many features as the {len(names)} names, received "
            f"{x.shape[1]} of real and {y.shape[1]} of generated jets"
        )
    size = min(len(x), len(y), jets)
    if size < FEWEST:
        raise InputError(
            f"classifier: expected at least {FEWEST} jets of each kind, received {len(x)} and "
            f"{len(y)}"
        )
    random = torch.Generator().manual_seed(seed)
    x, y = (z[torch.randperm(len(z), generator=random)[:size]] for z in (x, y))
    half = size // 2
    train, test = (torch.cat([x[s], y[s]]).numpy() for s in (slice(half), slice(half, None)))
    trees = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.1, max_depth=4, early_stopping=False, random_state=seed
    ).fit(train, np.repeat([0, 1], half))
    output = trees.predict_proba(test)[:, 1]
    tested = size - half
    telling = permutation_importance(
        trees, test, np.repeat([0, 1], tested), scoring="roc_auc", n_repeats=3, random_state=seed
    ).importances_mean
    auc = area_under_roc(output[:tested], output[tested:])
    chi2, overlap = compare_outputs(output[:tested], output[tested:])
    order = np.argsort(-telling)
    return FigureOfMerit(
        auc,
        auc_standard_error(auc, tested, tested),
        chi2,
        overlap,
        tuple((names[k], float(telling[k])) for k in order),
        size,
    )


def area_under_roc(real: NDArray[np.float64], generated: NDArray[np.float64]) -> float:
    """Probability that a generated jet's output exceeds a real one's, ties counting half."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([real, generated]))[len(real) :]
    m, n = len(real), len(generated)
    return float((ranks.sum() - n * (n + 1) / 2) / (m * n))


def auc_standard_error(auc: float, real: int, generated: int) -> float:
    """Source: The Meaning and Use of the Area under a ROC Curve (Hanley, McNeil, 1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (generated - 1) * (one - auc**2) + (real - 1) * (two - auc**2)
    return float(np.sqrt(variance / (real * generated)))


def compare_outputs(
    real: NDArray[np.float64], generated: NDArray[np.float64]
) -> tuple[float, float]:
    """Reduced chi-squared and overlap of two samples, in bins that hold equally many of both."""
    pooled = np.concatenate([real, generated])
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, BINS + 1)))
    m, n = len(real), len(generated)
    a, b = (
        np.bincount(np.searchsorted(edges, side, "right") - 1, minlength=len(edges))
        for side in (real, generated)
    )
    filled = a + b > 0
    a, b = a[filled], b[filled]
    terms = (np.sqrt(n / m) * a - np.sqrt(m / n) * b) ** 2 / (a + b)
    return float(terms.sum() / max(1, len(a) - 1)), float(np.minimum(a / m, b / n).sum())
