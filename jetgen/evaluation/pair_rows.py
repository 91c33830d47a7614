"""Rows on dependences between observables: correlations, and two-dimensional distributions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from jetgen.evaluation.comparison import Row, table_row
from jetgen.evaluation.resampling import Resampling, weighted
from jetgen.metrics.correlations import correlation_distance, correlation_matrices
from jetgen.metrics.pair_histograms import (
    bin_indices,
    bin_shares,
    equal_share_edges,
    histogram_distance,
)
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import Quantity

PAIRED = (
    "pt",
    "relative_mass",
    "multiplicity",
    "pt_dispersion",
    "girth",
    "tau21",
    "tau32",
    "c2",
    "d2",
    "relative_soft_drop_mass",
)
"""The observables whose dependence is compared, if all samples have them."""

_CORRELATIONS = Quantity(
    Observable("correlations", "mean difference of correlations", "Correlations"),
    1e-3,
    "mean over pairs of observables of the absolute difference of their correlations",
)
_PAIRS = Quantity(
    Observable("pairs", "mean chi-squared distance of pairs", "Pairs"),
    1e-3,
    "mean over pairs of observables of half the sum of (p - q)² / (p + q) over 10 × 10 bins",
)


def pair_rows(drawn: Resampling, among: Sequence[str] = PAIRED) -> list[Row]:
    """Rows ``correlations`` and ``pairs``; none where fewer than two observables vary."""
    kinds = [drawn.real.jets, drawn.pool, *(side.jets for side in drawn.sides.values())]
    names = [
        name
        for name in among
        if all(name in jets.observables for jets in kinds)
        and len(drawn.pool.observables[name].unique()) > 1
    ]
    if len(names) < 2:
        return []
    real, pool = _table(drawn.real.jets, names), _table(drawn.pool, names)
    target, weights = drawn.real.weighted, drawn.pool.weights
    plus, minus = (weighted(split, weights) for split in drawn.splits)
    edges = [equal_share_edges(column, weights=weights) for column in pool.T]
    floors = (
        correlation_distance(correlation_matrices(pool, plus), correlation_matrices(pool, minus)),
        pair_distance(pool, pool, plus, minus, edges),
    )
    expected = correlation_matrices(real, target)
    correlated, paired = {}, {}
    for name, side in drawn.sides.items():
        values, counts = _table(side.jets, names), side.weighted
        correlated[name] = correlation_distance(expected, correlation_matrices(values, counts))
        paired[name] = pair_distance(real, values, target, counts, edges)
    return [
        table_row(_CORRELATIONS, floors[0], correlated),
        table_row(_PAIRS, floors[1], paired),
    ]


def pair_distance(
    first: Tensor, second: Tensor, plus: Tensor, minus: Tensor, edges: list[Tensor]
) -> Tensor:
    """``(R,)`` mean distance of the histograms of all pairs of columns.

    Args:
        first, second: ``(B, d)`` and ``(C, d)`` values.
        plus, minus: ``(R, B)`` and ``(R, C)`` weightings of the jets.
        edges: of each column.
    """
    plus, minus = plus.T.contiguous().double(), minus.T.contiguous().double()
    total = torch.zeros(plus.shape[1], dtype=torch.float64)
    pairs = list(combinations(range(len(edges)), 2))
    for i, j in pairs:
        size = (len(edges[i]) - 1) * (len(edges[j]) - 1)
        p, q = (
            bin_shares(bin_indices(table[:, i], table[:, j], edges[i], edges[j]), counts, size)
            for table, counts in ((first, plus), (second, minus))
        )
        total += histogram_distance(p, q)
    return total / len(pairs)


def _table(jets: MeasuredSets, names: list[str]) -> Tensor:
    return torch.stack([jets.observables[name] for name in names], dim=1)
