"""Classifiers that identify a region of jets from their codes."""

from __future__ import annotations

from typing import NamedTuple

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
from jetgen.errors import InputError


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

    An AUC of 0.5 means that the codes contain no information about the region, 1 that they
    determine it.

    Args:
        codes: ``(B, L)``.
        inside: ``(B,)`` bool.
        seed: seed for the selection of jets, the halves and the trees.

    Raises:
        InputError: when there are too few jets inside or outside.
    """
    counts = int(inside.sum()), int((~inside).sum())
    if min(counts) < FEWEST_CLASSIFIED:
        raise InputError(
            f"region: expected at least {FEWEST_CLASSIFIED} jets inside and outside, "
            f"received {counts[0]} and {counts[1]}; choose another region, or more jets"
        )
    names = [f"z{column + 1}" for column in range(codes.shape[1])]
    trees = figure_of_merit(codes[~inside], codes[inside], names, seed=seed)
    return Search(_linear(codes[~inside], codes[inside], seed), trees)


def _linear(outside: Tensor, inside: Tensor, seed: int) -> FigureOfMerit:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = outside.double(), inside.double()
    dealt = halves(torch.ones(len(x)), torch.ones(len(y)), MOST_CLASSIFIED, seed)
    train = torch.cat([x[dealt.train_real], y[dealt.train_generated]])
    labels = torch.arange(len(train)) >= len(train) // 2
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train.numpy(), labels.numpy())
    other, found = (
        model.predict_proba(test.numpy())[:, 1]
        for test in (x[dealt.test_real], y[dealt.test_generated])
    )
    return score_outputs(other, found, dealt.jets)
