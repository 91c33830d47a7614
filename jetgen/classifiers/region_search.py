"""Classifiers that identify a region of jets from their codes."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.classifiers.boosted_trees import figure_of_merit
from jetgen.classifiers.figure_of_merit import (
    FEWEST_CLASSIFIED,
    MOST_CLASSIFIED,
    FigureOfMerit,
    halves,
    score_outputs,
)
from jetgen.errors import InputError, InputWarning

FEWEST = 20
"""Smallest number of jets inside and outside of a region."""

FOLDS = 5
"""Parts of a cross-validation."""


class Search(NamedTuple):
    """A linear classifier and boosted trees, trained on the codes of half the jets.

    Args:
        linear: logistic regression.
        trees: boosted trees; its ``importances`` rank the latent dimensions.
    """

    linear: FigureOfMerit
    trees: FigureOfMerit


def search_region(codes: Tensor, inside: Tensor, seed: int = 1) -> Search:
    """Separate jets inside a region from those outside, with equal numbers of both.

    Below :data:`~jetgen.classifiers.figure_of_merit.FEWEST_CLASSIFIED` jets on one side, halves
    are too few: then all jets are used, in :data:`FOLDS`-fold cross-validation, with a warning.

    An AUC of 0.5 means that the codes contain no information about the region, 1 that they
    determine it.

    Args:
        codes: ``(B, L)``.
        inside: ``(B,)`` bool.
        seed: seed for the selection of jets, the halves and the trees.

    Raises:
        InputError: when there are fewer than :data:`FEWEST` jets inside or outside.

    Warns:
        InputWarning: below that number.
    """
    counts = int(inside.sum()), int((~inside).sum())
    if min(counts) < FEWEST:
        raise InputError(
            f"region: expected at least {FEWEST} jets inside and outside, "
            f"received {counts[0]} and {counts[1]}; choose another region, or more jets"
        )
    if min(counts) < FEWEST_CLASSIFIED:
        warnings.warn(
            f"region: {counts[0]} jets inside and {counts[1]} outside, fewer than "
            f"{FEWEST_CLASSIFIED}: the AUC is that of a {FOLDS}-fold cross-validation, and its "
            "error is large; more jets make it smaller",
            InputWarning,
            stacklevel=2,
        )
        return _cross_validated(codes, inside, seed)
    names = [f"z{column + 1}" for column in range(codes.shape[1])]
    trees = figure_of_merit(codes[~inside], codes[inside], names, seed=seed)
    return Search(_linear(codes[~inside], codes[inside], seed), trees)


def _cross_validated(codes: Tensor, inside: Tensor, seed: int) -> Search:
    """Both classifiers by their outputs for each fold, of models trained on all other folds."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import StratifiedKFold

    x, y = codes.double().numpy(), inside.numpy()
    outputs = np.zeros((2, len(y)))
    lost = np.zeros(x.shape[1])
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y):
        linear = linear_classifier().fit(x[train], y[train])
        trees = HistGradientBoostingClassifier(
            max_iter=50, max_depth=3, class_weight="balanced", random_state=seed
        ).fit(x[train], y[train])
        outputs[:, test] = [model.predict_proba(x[test])[:, 1] for model in (linear, trees)]
        lost += permutation_importance(
            trees, x[test], y[test], scoring="roc_auc", n_repeats=3, random_state=seed
        ).importances_mean
    size = 2 * min(int(y.sum()), int((~y).sum()))
    ranked = tuple((f"z{k + 1}", float(lost[k] / FOLDS)) for k in np.argsort(-lost))
    merits = [
        score_outputs(output[~y], output[y], size // 2, importances)
        for output, importances in zip(outputs, ((), ranked), strict=True)
    ]
    return Search(*merits)


def linear_classifier() -> Any:
    """Logistic regression on standardised codes, with the same total weight of both classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced")
    )


def _linear(outside: Tensor, inside: Tensor, seed: int) -> FigureOfMerit:
    x, y = outside.double(), inside.double()
    dealt = halves(torch.ones(len(x)), torch.ones(len(y)), MOST_CLASSIFIED, seed)
    train = torch.cat([x[dealt.train_real], y[dealt.train_generated]])
    labels = torch.arange(len(train)) >= len(train) // 2
    model = linear_classifier().fit(train.numpy(), labels.numpy())
    other, found = (
        model.predict_proba(test.numpy())[:, 1]
        for test in (x[dealt.test_real], y[dealt.test_generated])
    )
    return score_outputs(other, found, dealt.jets)
