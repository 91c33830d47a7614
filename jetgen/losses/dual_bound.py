r"""A bound from below on many small transport problems at once, from Sinkhorn's dual potentials.

Whatever the potentials ``f``, with ``g_j = min_i (C_ij - f_i)`` no plan costs less than
``sum_i a_i f_i + sum_j b_j g_j``. A few Sinkhorn iterations find potentials whose bound is some 5 %
below the optimum. Cuturi, "Sinkhorn Distances" (2013), arXiv:1306.0895.
"""

from __future__ import annotations

import math

from torch import Tensor

_ITERATIONS = 5

_TEMPERATURE = 0.15
"""Regularisation in units of the cost of the plan that shares everything out evenly."""

_MARGIN = 1e-5
"""Of the largest cost: what single precision may add to a bound, some ten times over."""

_TINY, _HUGE = 1e-30, 1e30
_LOWEST = math.log(_TINY)


def dual_bound(cost: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``(P,)`` numbers that the optimal plans of P problems do not cost less than.

    Args:
        cost: ``(N, M, P)`` non-negative float32.
        a, b: ``(N, P)`` and ``(M, P)`` non-negative float32 weights of equal sums, zero where
            padded.

    Returns:
        0 at least; 0 also where a cost is not finite.
    """
    total = a.sum(0)
    product = ((cost * b).sum(1) * a).sum(0) / total.square()
    eps = _TEMPERATURE * product
    kernel = (cost * (-1 / eps)).clamp_(min=_LOWEST).exp_()
    v = b
    for _ in range(_ITERATIONS):
        u = a / (kernel * v).sum(1)
        v = b / (kernel * u.unsqueeze(1)).sum(0)
    f = eps * u.clamp(_TINY, _HUGE).log()
    # Padded slots must not hold the others' potentials down.
    f.masked_fill_(a == 0, -_HUGE)
    g = (cost - f.unsqueeze(1)).amin(0).masked_fill_(b == 0, -_HUGE)
    f = (cost - g).amin(1)
    bound = (f * a).sum(0) + (g * b).sum(0) - _MARGIN * total * cost.flatten(0, 1).amax(0)
    return bound.nan_to_num(nan=0.0, posinf=0.0).clamp(min=0)
