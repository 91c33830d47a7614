r"""Sinkhorn's iterations in Triton, one program a jet pair and nothing of them in memory.

The specification is :mod:`jetgen.losses.sinkhorn`. A program walks over the rows (particles of
x) in tiles as wide as the other set; costs are computed anew from the coordinates each time. Of
the two potentials only that of the columns lives from one iteration to the next: a tile gives
the new potential of its rows, and at once their part of the new one of the columns. All in the
log domain: the regularisation falls from the largest cost to ``eps``, then iterations follow
until the marginals are right.
"""

from __future__ import annotations

from dataclasses import astuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from jetgen.losses.kernels.tiles import LAUNCH, accumulator, bucket, coordinates, costs
from jetgen.losses.sinkhorn import EMPTY, Potentials, SinkhornSettings

TILE = 4096
"""Pairs in a tile."""

NOTHING = tl.constexpr(EMPTY)


@triton.jit
def _load_weights(weights, i, size, TYPE: tl.constexpr):  # type: ignore[no-untyped-def]
    """Weights and their logarithms, finite for a weight of zero."""
    w = tl.load(weights + i, mask=i < size, other=0.0).to(TYPE)
    return w, tl.where(w > 0, tl.log(tl.where(w > 0, w, 1.0)), NOTHING)


@triton.jit
def _softmin(scores, eps):  # type: ignore[no-untyped-def]
    """``-eps log sum_j exp(scores_ij)`` of the rows of a tile."""
    highest = tl.max(scores, 1)
    return -eps * (highest + tl.log(tl.sum(tl.exp(scores - highest[:, None]), 1)))


@triton.jit
def _missing(weights, potential, new, eps):  # type: ignore[no-untyped-def]
    """The summed error of the marginals before a step from ``potential`` to ``new``."""
    change = tl.minimum((potential - new) / eps, 50.0)
    return tl.sum(tl.where(weights > 0, weights * tl.abs(tl.exp(change) - 1), 0.0), 0)


@triton.jit
def _largest_cost(  # type: ignore[no-untyped-def]
    x, a, ys, b, n, D: tl.constexpr, POWER: tl.constexpr, TYPE: tl.constexpr, ROWS: tl.constexpr
):
    """Of pairs with weight; zero where it is infinite or NaN, which ends the annealing at once."""
    largest = tl.max(b, 0) * 0.0
    for start in range(0, n, ROWS):
        i = start + tl.arange(0, ROWS)
        w = tl.load(a + i, mask=i < n, other=0.0).to(TYPE)
        cost = costs(coordinates(x, i, n, D, TYPE), ys, D, POWER)
        cost = tl.where((w > 0)[:, None] & (b > 0)[None, :], cost, 0.0)
        largest = tl.maximum(largest, tl.max(tl.max(cost, 1), 0))
    return tl.where(largest < 1e30, largest, 0.0)


@triton.jit(do_not_specialize=["n", "m", "final", "scaling", "tolerance", "bound"])
def _between_kernel(  # type: ignore[no-untyped-def]
    x,
    y,
    a,
    b,
    f_out,
    g_out,
    n,
    m,
    final,
    scaling,
    tolerance,
    bound,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    jet = tl.program_id(0).to(tl.int64)
    x, y, a, b = x + jet * n * D, y + jet * m * D, a + jet * n, b + jet * m
    j = tl.arange(0, COLUMNS)
    ys = coordinates(y, j, m, D, TYPE)
    weights, log_b = _load_weights(b, j, m, TYPE)
    falling = _largest_cost(x, a, ys, weights, n, D, POWER, TYPE, ROWS)
    final = falling * 0.0 + final
    g = tl.zeros([COLUMNS], TYPE)
    error = falling * 0.0 + 1e30
    step = 0
    while (error >= tolerance) & (step < bound):
        annealing = falling > final
        eps = tl.where(annealing, falling, final)
        # Running maximum and sum over the rows of exp(log a + (f - C) / eps), for each column.
        top = tl.full([COLUMNS], -1e38, TYPE)
        total = tl.zeros([COLUMNS], TYPE)
        for start in range(0, n, ROWS):
            i = start + tl.arange(0, ROWS)
            _, log_a = _load_weights(a, i, n, TYPE)
            cost = costs(coordinates(x, i, n, D, TYPE), ys, D, POWER) / eps
            f = _softmin((log_b + g / eps)[None, :] - cost, eps)
            tl.store(f_out + jet * n + i, tl.where(log_a > NOTHING, f, 0.0), mask=i < n)
            scores = (log_a + f / eps)[:, None] - cost
            higher = tl.maximum(top, tl.max(scores, 0))
            total = total * tl.exp(top - higher) + tl.sum(tl.exp(scores - higher[None, :]), 0)
            top = higher
        new = tl.where(weights > 0, -eps * (top + tl.log(total)), 0.0)
        # The rows' sums were right with the old g, the columns' were b exp((g - new) / eps).
        error = tl.where(annealing, 1e30, _missing(weights, g, new, eps))
        step += tl.where(annealing, 0, 1)
        falling *= scaling
        g = new
    tl.store(g_out + jet * m + j, g, mask=j < m)


@triton.jit(do_not_specialize=["n", "final", "scaling", "tolerance", "bound"])
def _symmetric_kernel(  # type: ignore[no-untyped-def]
    x,
    a,
    f_out,
    n,
    final,
    scaling,
    tolerance,
    bound,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    jet = tl.program_id(0).to(tl.int64)
    x, a = x + jet * n * D, a + jet * n
    j = tl.arange(0, COLUMNS)
    ys = coordinates(x, j, n, D, TYPE)
    weights, log_a = _load_weights(a, j, n, TYPE)
    falling = _largest_cost(x, a, ys, weights, n, D, POWER, TYPE, ROWS)
    final = falling * 0.0 + final
    f = tl.zeros([COLUMNS], TYPE)
    error = falling * 0.0 + 1e30
    step = 0
    while (error >= tolerance) & (step < bound):
        annealing = falling > final
        eps = tl.where(annealing, falling, final)
        new = tl.zeros([COLUMNS], TYPE)
        for start in range(0, n, ROWS):
            i = start + tl.arange(0, ROWS)
            cost = costs(coordinates(x, i, n, D, TYPE), ys, D, POWER) / eps
            rows = _softmin((log_a + f / eps)[None, :] - cost, eps)
            # Into the slots i of a vector over j, without a way through memory.
            new += tl.sum(tl.where(i[:, None] == j[None, :], rows[:, None], 0.0), 0)
        error = tl.where(annealing, 1e30, _missing(weights, f, new, eps))
        step += tl.where(annealing, 0, 1)
        falling *= scaling
        f = tl.where(weights > 0, (f + new) / 2, 0.0)
    tl.store(f_out + jet * n + j, f, mask=j < n)


def _sizes(x: Tensor, n: int, m: int, power: float) -> dict[str, object]:
    columns = max(16, triton.next_power_of_2(m))
    return {
        "D": x.shape[2],
        "POWER": float(power),
        "TYPE": accumulator(x),
        "ROWS": bucket(n, max(1, TILE // columns)),
        "COLUMNS": columns,
        **LAUNCH,
    }


@torch.no_grad()
def potentials_between(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, power: float, settings: SinkhornSettings
) -> Potentials:
    """As :func:`jetgen.losses.sinkhorn.solve_between`, from coordinates instead of a cost.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` without NaN in padded slots, at least one slot each.
        a, b: ``(B, N)`` and ``(B, M)``, each of sum one or zero.
    """
    x, y, a, b = (t.detach().contiguous() for t in (x, y, a, b))
    (size, n), m = a.shape, b.shape[1]
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    if size:
        _between_kernel[(size,)](
            x,
            y,
            a,
            b,
            f,
            g,
            n,
            m,
            *astuple(settings),
            **_sizes(x, n, m, power),
        )
    return Potentials(f, g)


@torch.no_grad()
def potential_symmetric(x: Tensor, a: Tensor, power: float, settings: SinkhornSettings) -> Tensor:
    """As :func:`jetgen.losses.sinkhorn.solve_symmetric`, from coordinates instead of a cost."""
    x, a = x.detach().contiguous(), a.detach().contiguous()
    size, n = a.shape
    f = torch.zeros_like(a)
    if size:
        _symmetric_kernel[(size,)](
            x,
            a,
            f,
            n,
            *astuple(settings),
            **_sizes(x, n, n, power),
        )
    return f
