r"""Matrices of linear correlations between jet observables, and a distance between matrices.

.. math:: \rho_{ij} = \frac{\langle x_i x_j \rangle - \langle x_i \rangle \langle x_j \rangle}
                           {\sigma_i \sigma_j}
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.errors import InputError
from jetgen.weights import require_some_weight

_ROWS = 8_192
"""Number of jets per chunk for products of observables."""

_CONSTANT = 1e-12
"""Variance below which an observable counts as constant, in units of the variance of all jets."""


def correlations(observables: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
    """``(d, d)`` Pearson correlations of ``d`` observables ``(B,)``, in the mapping's order.

    Float64, one on the diagonal. The correlations of a constant observable are zero.

    Args:
        observables: finite values by name, one per jet.
        weights: ``(B,)`` event weights; ones when omitted.

    Raises:
        InputError: for weights that are negative, not finite, or all zero, and for a cloud.

    >>> x = torch.tensor([0.0, 1.0, 2.0])
    >>> correlations({"x": x, "minus x": -x}).round(decimals=6)
    tensor([[ 1., -1.],
            [-1.,  1.]], dtype=torch.float64)
    """
    if not isinstance(observables, Mapping):
        raise InputError(
            f"correlations: expected observables by name, received a {type(observables).__name__}; "
            "jetgen.physics.measure(jets).observables has those of jets"
        )
    values = torch.stack([column.double() for column in observables.values()], dim=1)
    counts = torch.ones(len(values)) if weights is None else weights
    require_some_weight(counts)
    return correlation_matrices(values, counts.unsqueeze(0))[0]


def correlation_matrices(values: Tensor, counts: Tensor) -> Tensor:
    """``(R, d, d)`` correlations of values ``(B, d)`` for R sets of jet weights ``(R, B)``.

    The values are first centred and scaled with the moments of all jets, to avoid cancellation.
    """
    values, counts = values.double(), counts.double()
    spread = values.std(0, correction=0)
    scale = torch.where(spread > 0, spread, torch.ones_like(spread))
    values = (values - values.mean(0)) / scale
    size, total = values.shape[1], counts.sum(1, keepdim=True)
    mean = counts @ values / total  # (R, d)
    square = values.new_zeros(len(counts), size * size)
    for rows, some in zip(values.split(_ROWS), counts.split(_ROWS, dim=1), strict=True):
        square += some @ (rows.unsqueeze(2) * rows.unsqueeze(1)).flatten(1)
    covariance = (square / total).unflatten(1, (size, size)) - mean.unsqueeze(2) * mean.unsqueeze(1)
    variance = covariance.diagonal(dim1=1, dim2=2)
    varies = variance > _CONSTANT
    sigma = torch.where(varies, variance, torch.ones_like(variance)).sqrt()
    known = varies.unsqueeze(2) & varies.unsqueeze(1)
    found = torch.where(known, covariance / (sigma.unsqueeze(2) * sigma.unsqueeze(1)), 0.0)
    found = found.clamp(-1, 1)
    found.diagonal(dim1=1, dim2=2).fill_(1.0)
    return found


@takes_arrays
def correlation_distance(first: Tensor, second: Tensor) -> Tensor:
    """``(...)`` mean of ``|rho_ij - rho'_ij|`` over pairs ``i < j`` of matrices ``(..., d, d)``.

    Zero for equal matrices, at most two.

    Raises:
        InputError: when they are not matrices of the same size.
    """
    shapes = [tuple(matrix.shape) for matrix in (first, second)]
    if shapes[0][-2:] != shapes[1][-2:] or len(shapes[0]) < 2 or shapes[0][-1] != shapes[0][-2]:
        raise InputError(
            f"correlation_distance: expected two matrices of correlations of the same observables, "
            f"received shapes {shapes[0]} and {shapes[1]}"
        )
    above = torch.ones(first.shape[-2:], dtype=torch.bool).triu(1)
    return (first - second).abs()[..., above].mean(-1)
