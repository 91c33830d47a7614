"""Quantiles of weighted values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.weights import equal

Array = NDArray[np.float64]


def quantiles(values: Tensor, shares: Sequence[float], weights: Tensor | None = None) -> Tensor:
    """``(S,)`` quantiles of ``values`` ``(M,)``, by weight ``(M,)`` where weights differ."""
    levels = torch.tensor(shares, dtype=values.dtype)
    if weights is None or equal(weights):
        return torch.quantile(values, levels)
    found = weighted_quantiles(values.double().numpy(), shares, weights.double().numpy())
    return torch.from_numpy(found).to(values.dtype)


def weighted_quantiles(values: Array, shares: Sequence[float] | Array, weights: Array) -> Array:
    r"""``(S,)`` values below which these ``shares`` of the weight are, with linear interpolation.

    The value of rank ``i`` is at :math:`C_i - (w_i + w_0) / 2`, with
    :math:`C_i = \sum_{j \le i} w_j`, on a scale from zero to the position of the last value; with
    equal weights these are NumPy's quantiles.

    >>> weighted_quantiles(np.array([1.0, 2.0, 3.0]), [0.5], np.array([1.0, 1.0, 1.0]))
    array([2.])
    """
    order = np.argsort(values)
    return quantiles_of_sorted(values[order], shares, weights[order])


def quantiles_of_sorted(
    values: Array, shares: Sequence[float] | Array, weights: Array | None
) -> Array:
    """:func:`weighted_quantiles` of rising values, of equal ``weights`` if these are None."""
    if weights is None:
        return np.quantile(values, shares)
    place = np.cumsum(weights) - (weights + weights[0]) / 2
    end = place[-1] if place[-1] > 0 else 1.0
    return np.interp(shares, place / end, values)
