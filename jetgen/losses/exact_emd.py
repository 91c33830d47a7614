r"""Exact optimal transport between masked sets, with the gradient of the envelope theorem.

Each problem is solved for the real particles only, in float64 on the CPU, with as many threads as
torch uses: see :mod:`jetgen.losses.network_simplex`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.errors import InputError
from jetgen.losses.distances import chunks, pairwise, power_of
from jetgen.losses.envelope import Solution, attach_gradients
from jetgen.losses.network_simplex import Plan, optimal_plan
from jetgen.losses.reduction import Reduction, prepare, prepare_weights, reduce
from jetgen.threads import in_threads


@takes_arrays
def exact_emd(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    power: float = 2,
    x_weights: Tensor | None = None,
    y_weights: Tensor | None = None,
    reduction: Reduction = "none",
) -> Tensor:
    r"""``min_P sum_ij P_ij |x_i - y_j|^p``: mean transport cost, squared unless ``power=1``.

    The plan ``P`` moves weights that are normalised to a sum of one in each set, so the value is a
    mean over particles (symmetric in x and y). The gradient with respect to x, y and the weights is
    that at the optimal plan; there is no second derivative.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool.
        power: ``p >= 1``; 1 is the standard earth mover's distance.
        x_weights, y_weights: ``(B, N)`` and ``(B, M)`` non-negative, such as pT; all one when
            omitted.

    Returns:
        ``(B,)`` in the unit of x to the power ``p``, or reduced. Zero if a set is empty.

    Raises:
        InputError: when shapes or types are wrong.

    >>> x, y = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[3.0], [1.0]]])
    >>> mask = torch.ones(1, 2, dtype=bool)
    >>> exact_emd(x, mask, y, mask, power=1)
    tensor([1.5000])
    """
    check_power(power)
    x, y = prepare(x, x_mask, y, y_mask)
    a = normalised(prepare_weights(x_weights, x_mask, x, "x_weights"))
    b = normalised(prepare_weights(y_weights, y_mask, y, "y_weights"))
    equal = x_weights is None and y_weights is None
    solution = solve(x, y, a, b, power, equal=equal)
    return reduce(attach_gradients(solution, x, y, a, b), reduction)


@takes_arrays
def energy_movers_distance(
    x: Tensor,
    x_mask: Tensor,
    x_weights: Tensor,
    y: Tensor,
    y_mask: Tensor,
    y_weights: Tensor,
    *,
    R: float = 1.0,
    beta: float = 1.0,
    reduction: Reduction = "none",
) -> Tensor:
    r"""``min_P sum_ij P_ij (|x_i - y_j| / R)^beta + |sum E_x - sum E_y|``: unnormalised weights.

    ``P_ij >= 0`` moves at most ``E_i`` from and ``E_j`` to each particle, and in total the smaller
    of the two sums; the difference of the sums is added to the cost. Komiske, Metodiev, Thaler,
    "The Metric Space of Collider Events" (2019), arXiv:1902.02346. It is a metric for ``beta = 1``
    if ``2 R`` is at least the largest distance.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` positions, such as etarel and phirel.
        x_weights, y_weights: ``(B, N)`` and ``(B, M)`` energies or transverse momenta.
        R: distance at which moving a unit of weight costs as much as creating it.
        beta: power of the distance, at least 1.

    Returns:
        ``(B,)`` in the unit of the weights, or reduced; an empty set has zero energy.
    """
    check_power(beta)
    if not R > 0:
        raise InputError(f"R: expected a positive number, received {R}")
    x, y = prepare(x, x_mask, y, y_mask)
    a = prepare_weights(x_weights, x_mask, x, "x_weights")
    b = prepare_weights(y_weights, y_mask, y, "y_weights")
    x, y = x / R, y / R
    # The surplus of the heavier side is moved to one extra slot of the other, at a cost of 1.
    excess = (a.sum(1) - b.sum(1)).unsqueeze(1)
    a, b = torch.cat([a, (-excess).clamp(min=0)], 1), torch.cat([b, excess.clamp(min=0)], 1)
    solution = solve(x, y, a, b, beta, slack=1.0)
    return reduce(attach_gradients(solution, x, y, a, b), reduction)


def normalised(weights: Tensor) -> Tensor:
    """Weights ``(B, N)`` over their sum; all zero if the sum is zero."""
    total = weights.sum(1, keepdim=True)
    return weights / torch.where(total > 0, total, torch.ones_like(total))


@torch.no_grad()
def solve(
    x: Tensor,
    y: Tensor,
    a: Tensor,
    b: Tensor,
    power: float,
    *,
    equal: bool = False,
    slack: float | None = None,
) -> Solution:
    """Value and gradients of the transport from weights ``a`` at ``x`` to ``b`` at ``y``.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` without NaN.
        a, b: ``(B, N)`` and ``(B, M)``, zero where padded; with ``slack`` one entry more, the
            weight without a position, whose transport costs ``slack`` per unit.
        equal: whether all particles of a set have the same weight.
    """
    device, dtype = x.device, x.dtype
    x, y, a, b = (t.detach().double().cpu() for t in (x, y, a, b))
    solution = Solution(x.new_zeros(len(x)), *(torch.zeros_like(t) for t in (x, y, a, b)))

    def solve_some(jets: slice) -> None:
        cost = power_of(pairwise(x[jets], y[jets]), power / 2)
        if slack is not None:
            cost = torch.nn.functional.pad(cost, (0, 1, 0, 1), value=slack)
        tables = zip(cost.numpy(), a[jets].numpy(), b[jets].numpy(), strict=True)
        plans = [optimal_plan(*table, equal=equal) for table in tables]
        found = _collect(x[jets], y[jets], plans, power, slack or 0.0)
        for whole, part in zip(solution, found, strict=True):
            whole[jets] = part

    in_threads(solve_some, chunks(x, y))
    return Solution(*(t.to(device, dtype) for t in solution))


def _collect(x: Tensor, y: Tensor, plans: list[Plan], power: float, slack: float) -> Solution:
    """Costs and gradients of a few jets, from the pairs with non-zero mass."""
    jet = torch.from_numpy(np.repeat(np.arange(len(plans)), [len(p.i) for p in plans]))
    i, j, mass = (
        torch.from_numpy(np.concatenate([getattr(p, name) for p in plans]))
        for name in ("i", "j", "mass")
    )
    value, by_x, by_y = x.new_zeros(len(x)), torch.zeros_like(x), torch.zeros_like(y)
    paired = (i < x.shape[1]) & (j < y.shape[1])
    value.index_add_(0, jet[~paired], slack * mass[~paired])
    jet, i, j, mass = jet[paired], i[paired], j[paired], mass[paired]
    difference = x[jet, i] - y[jet, j]
    square = difference.square().sum(1)
    value.index_add_(0, jet, mass * power_of(square, power / 2))
    positive = square > 0
    slope = power * torch.where(positive, square, 1.0).pow(power / 2 - 1)
    pull = (mass * torch.where(positive, slope, 0.0)).unsqueeze(1) * difference
    by_x.index_put_((jet, i), pull, accumulate=True)
    by_y.index_put_((jet, j), -pull, accumulate=True)
    by_a, by_b = (
        torch.from_numpy(np.stack([getattr(p, name) for p in plans])) for name in ("f", "g")
    )
    return Solution(value, by_x, by_y, by_a, by_b)


def check_power(power: float) -> None:
    if not power >= 1:
        raise InputError(f"power: expected a number of at least 1, received {power}")
