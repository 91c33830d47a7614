r"""Histograms of pairs of observables, and a distance between two histograms.

.. math:: d(p, q) = \frac{1}{2} \sum_\text{bins} \frac{(p - q)^2}{p + q}

with the shares ``p`` and ``q`` of the jets in each bin: zero for equal histograms, one for
histograms without a common bin. For two samples of ``n`` jets ``2 n d`` is their chi-squared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from jetgen.errors import InputError
from jetgen.metrics.weighted_quantiles import weighted_quantiles
from jetgen.weights import require_some_weight

BINS = 10
"""Number of bins along each axis of the compared histograms."""


def equal_share_edges(values: Tensor, bins: int = BINS, weights: Tensor | None = None) -> Tensor:
    """``(E,)`` edges of at most ``bins`` bins with equal shares of ``values`` ``(B,)``.

    There are fewer bins if a value is so frequent that it fills more than one bin, at least one
    (equal values are on its lower edge). ``weights``
    ``(B,)`` are ones when omitted.
    """
    known = torch.ones(len(values)) if weights is None else weights
    steps = np.linspace(0, 1, bins + 1)
    edges = weighted_quantiles(values.double().numpy(), steps, known.double().numpy())
    edges = np.unique(edges)
    if len(edges) == 1:
        edges = np.append(edges, np.nextafter(edges, np.inf))
    return torch.from_numpy(edges)


def pair_histogram(
    x: Tensor, y: Tensor, x_edges: Tensor, y_edges: Tensor, weights: Tensor | None = None
) -> Tensor:
    """``(X, Y)`` share of the jets in each bin; values outside are in the outermost bins.

    Args:
        x, y: ``(B,)`` finite values.
        x_edges, y_edges: ``(X + 1,)`` and ``(Y + 1,)`` rising edges; a value on an edge belongs to
            the bin above.
        weights: ``(B,)`` event weights, ones when omitted.

    Raises:
        InputError: when values are not finite, edges are not increasing, or weights are negative,
            not finite, or all zero.

    >>> x, y = torch.tensor([[0.1, 0.2, 0.9, 7.0], [0.5, 0.5, 0.5, 0.5]])
    >>> edges = torch.tensor([0.0, 0.5, 1.0])
    >>> pair_histogram(x, y, edges, edges)
    tensor([[0.0000, 0.5000],
            [0.0000, 0.5000]], dtype=torch.float64)
    """
    if not bool(x.isfinite().all() and y.isfinite().all()):
        bad = int((~(x.isfinite() & y.isfinite())).sum())
        raise InputError(f"pair_histogram: expected finite values, received {bad} others")
    for edges in (x_edges, y_edges):
        if len(edges) < 2 or not bool((edges.diff() > 0).all()):
            raise InputError(f"pair_histogram: expected rising edges, received {edges.tolist()}")
    counts = torch.ones(len(x)) if weights is None else weights
    require_some_weight(counts)
    size = len(x_edges) - 1, len(y_edges) - 1
    bins = bin_places(x, x_edges) * size[1] + bin_places(y, y_edges)
    (shares,) = bin_shares(bins, [counts.double().unsqueeze(1)], size[0] * size[1])
    return shares[:, 0].reshape(size)


def histogram_distance(first: Tensor, second: Tensor) -> Tensor:
    """``(...)`` half the sum of ``(p - q)^2 / (p + q)`` over the bins (the first dimension)."""
    both = first + second
    filled = torch.where(both > 0, both, torch.ones_like(both))
    return ((first - second).square() / filled).sum(0) / 2


def bin_places(values: Tensor, edges: Tensor) -> Tensor:
    """``(B,)`` int64 bin of each value; those outside are in the outermost bins."""
    place = torch.searchsorted(edges.double(), values.double().contiguous(), right=True) - 1
    return place.clamp(0, len(edges) - 2)


def bin_shares(bins: Tensor, counts: Sequence[Tensor], size: int) -> list[Tensor]:
    """``(size, R)`` share of each of at most 2^15 bins, for R sets of jet weights ``(B, R)`` each.

    Args:
        bins: ``(B,)`` int64 bin of each jet.
        counts: tensors of weights.
        size: number of bins.
    """
    jets = torch.from_numpy(np.argsort(bins.numpy().astype(np.int16), kind="stable"))  # by radix
    starts = torch.bincount(bins, minlength=size).cumsum(0).roll(1)
    starts[0] = 0
    found = [
        torch.nn.functional.embedding_bag(jets, weights, starts, mode="sum") for weights in counts
    ]
    return [sums / sums.sum(0) for sums in found]
