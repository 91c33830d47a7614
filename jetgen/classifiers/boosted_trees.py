"""A two-sample test with boosted trees on jet features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.classifiers.figure_of_merit import (
    MOST_CLASSIFIED,
    FigureOfMerit,
    Weights,
    halves,
    score_outputs,
)
from jetgen.errors import InputError
from jetgen.metrics.samples import features
from jetgen.physics.fourvectors import to_cartesian
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.substructure import with_substructure
from jetgen.weights import require_some_weight

LEADING = 30
"""Number of particles per jet, by falling pT, whose momenta are used as flat features."""

_SHUFFLED = 10_000
"""Largest number of test jets of each kind for the importances of features."""


class FeatureTable(NamedTuple):
    """Features ``(B, d)`` and ``(C, d)`` of real and generated jets, and their ``d`` names."""

    real: Tensor
    generated: Tensor
    names: list[str]


def feature_table(
    real: MeasuredSets,
    generated: MeasuredSets,
    kind: Literal["observables", "flat"] = "observables",
) -> FeatureTable:
    """Jet observables and substructure, or the momenta of the leading particles.

    Flat features are px, py, pz [GeV] of the 30 hardest particles by falling pT, zero where a jet
    has fewer; etarel, phirel, ptrel if either sample lacks the jets' pT, eta and phi. Observables
    are those available for both samples.
    """
    if kind == "flat":
        return _flat(real, generated)
    first, second = (with_substructure(side).observables for side in (real, generated))
    names = [name for name in first if name in second]
    x, y = (torch.stack([side[name] for name in names], dim=1) for side in (first, second))
    return FeatureTable(x, y, names)


def figure_of_merit(
    real: Tensor | NDArray[np.floating],
    generated: Tensor | NDArray[np.floating],
    names: Sequence[str],
    *,
    jets: int = MOST_CLASSIFIED,
    seed: int = 1,
    weights: tuple[Tensor, Tensor] | None = None,
    keys: list[Tensor] | None = None,
) -> FigureOfMerit:
    """Train 100 trees of depth 4 at a learning rate of 0.1 on half the jets, test on the others.

    With event weights, both kinds have the same total weight, in the training and in all results.

    Args:
        real, generated: ``(B, d)`` jet features; the same number of jets is used of each.
        names: names of the ``d`` features.
        jets: largest number of jets of each kind.
        seed: seed for the selection of jets, the trees and the shuffles.
        weights: ``(B,)`` and ``(C,)`` event weights of both kinds; ones when omitted.
        keys: of copies, as for :func:`~jetgen.classifiers.figure_of_merit.halves`.

    Raises:
        InputError: when there are too few jets, or the numbers of features and names differ, or
            weights are negative, not finite, or all zero.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.inspection import permutation_importance

    x, y = features(real, "real features"), features(generated, "generated features")
    if not x.shape[1] == y.shape[1] == len(names):
        raise InputError(
            f"classifier: expected as many features as the {len(names)} names, received "
            f"{x.shape[1]} of real and {y.shape[1]} of generated jets"
        )
    v, w = weights or (torch.ones(len(x)), torch.ones(len(y)))
    for name, side in (("real weights", v), ("generated weights", w)):
        require_some_weight(side, name)
    dealt = halves(v, w, jets, seed, keys)
    train = torch.cat([x[dealt.train_real], y[dealt.train_generated]]).numpy()
    known = _chosen(v, dealt.train_real, w, dealt.train_generated)
    trees = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.1, max_depth=4, early_stopping=False, random_state=seed
    ).fit(
        train,
        np.repeat([0, 1], [len(dealt.train_real), len(dealt.train_generated)]),
        _shared(known),
    )
    test_real, test_generated = x[dealt.test_real].numpy(), y[dealt.test_generated].numpy()
    tested = _chosen(v, dealt.test_real, w, dealt.test_generated)
    some = test_real[:_SHUFFLED], test_generated[:_SHUFFLED]
    shuffled = np.concatenate(some)
    importances = permutation_importance(
        trees,
        shuffled,
        np.repeat([0, 1], [len(side) for side in some]),
        scoring="roc_auc",
        n_repeats=3,
        random_state=seed,
        sample_weight=_shared(tested, _SHUFFLED),
    ).importances_mean
    return score_outputs(
        trees.predict_proba(test_real)[:, 1],
        trees.predict_proba(test_generated)[:, 1],
        dealt.jets,
        tuple((names[k], float(importances[k])) for k in np.argsort(-importances)),
        tested,
    )


def _chosen(real: Tensor, rows: Tensor, generated: Tensor, others: Tensor) -> Weights:
    return Weights(real[rows].double().numpy(), generated[others].double().numpy())


def _shared(weights: Weights, most: int | None = None) -> NDArray[np.float64] | None:
    """Weights with the same mean of both kinds, of at most ``most`` jets each.

    None where all are the same: sklearn sorts each feature again for each of its 254 weighted
    percentiles.
    """
    if all((side == side[0]).all() for side in weights):
        return None
    return np.concatenate([side[:most] / side.mean() for side in weights])


def _flat(real: MeasuredSets, generated: MeasuredSets) -> FeatureTable:
    placed = all("phi" in side.observables for side in (real, generated))
    size = min(LEADING, *(side.slots for side in (real, generated)))
    leading = (side.relative.leading(size, by="ptrel") for side in (real, generated))
    x, y = ((to_cartesian(side) if placed else side).particles.flatten(1) for side in leading)
    parts = ("px", "py", "pz") if placed else ("etarel", "phirel", "ptrel")
    return FeatureTable(x, y, [f"{part}_{k + 1}" for k in range(size) for part in parts])
