"""Rows on dependences between observables: correlations, and two-dimensional distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from jetgen.evaluation.comparison import Row, table_row
from jetgen.evaluation.resampling import Resampling, weighted
from jetgen.metrics.correlations import correlation_distance, correlation_matrices
from jetgen.metrics.pair_histograms import (
    bin_places,
    bin_shares,
    equal_share_edges,
    histogram_distance,
)
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import Quantity
from jetgen.threads import in_threads

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
        and float(drawn.pool.observables[name].min()) < float(drawn.pool.observables[name].max())
    ]
    if len(names) < 2:
        return []
    pool = _table(drawn.pool, names)
    splits = [weighted(split, drawn.pool.weights) for split in drawn.splits]
    edges = [equal_share_edges(column, weights=drawn.pool.weights) for column in pool.T]
    floors = (
        correlation_distance(*(correlation_matrices(pool, counts) for counts in splits)),
        pair_distance(len(edges), *pair_shares(pool, splits, edges)),
    )
    real, counts = _table(drawn.real.jets, names), drawn.real.weighted
    expected, (shares,) = correlation_matrices(real, counts), pair_shares(real, [counts], edges)
    correlated, paired = {}, {}
    for name, side in drawn.sides.items():
        values, counts = _table(side.jets, names), side.weighted
        correlated[name] = correlation_distance(expected, correlation_matrices(values, counts))
        (found,) = pair_shares(values, [counts], edges)
        paired[name] = pair_distance(len(edges), shares, found)
    return [
        table_row(_CORRELATIONS, floors[0], correlated),
        table_row(_PAIRS, floors[1], paired),
    ]


def pair_shares(values: Tensor, counts: Sequence[Tensor], edges: Sequence[Tensor]) -> list[Tensor]:
    """``(S, R)`` for each of ``counts``: shares of the bins of all pairs of columns, one by one.

    Args:
        values: ``(B, d)`` of the jets.
        counts: ``(R, B)`` weightings of the jets.
        edges: of each column.
    """
    weights = [some.T.contiguous().double() for some in counts]
    places = [bin_places(column, own) for column, own in zip(values.T, edges, strict=True)]

    def shares(pair: tuple[int, int]) -> list[Tensor]:
        rows, columns = (len(edges[k]) - 1 for k in pair)
        return bin_shares(places[pair[0]] * columns + places[pair[1]], weights, rows * columns)

    found = in_threads(shares, list(combinations(range(len(edges)), 2)))
    return [torch.cat(side) for side in zip(*found, strict=True)]


def pair_distance(columns: int, first: Tensor, second: Tensor) -> Tensor:
    """``(R,)`` mean distance of the histograms of all pairs, with :func:`pair_shares`."""
    return histogram_distance(first, second) / math.comb(columns, 2)


def _table(jets: MeasuredSets, names: list[str]) -> Tensor:
    return torch.stack([jets.observables[name] for name in names], dim=1)
