r"""Sinkhorn iterations in Triton: one program per pair of jets, no table of pairs in memory.

The specification is :mod:`jetgen.losses.sinkhorn`. A step processes a few particles of one set at a
time, iterates over the other set, and corrects their marginals of the present plan,

.. math:: f_i \leftarrow f_i - \varepsilon \log s_i, \quad
          s_i = \sum_j b_j \exp((f_i + g_j - |x_i - y_j|^p) / \varepsilon),

with costs recomputed from the coordinates. The previous potential keeps the exponents small, so
that no maximum over the row is needed: when the regularisation is halved, the exponents of a
converged plan are at most doubled. A sum outside the range of single precision is clamped to it,
and the following steps continue from there. First the regularisation falls from the largest cost to
``eps``, then iterations follow until the marginals are within the tolerance.
"""

from __future__ import annotations

from dataclasses import astuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from jetgen.kernels.tiles import (
    LAUNCH,
    TILE_COLUMNS,
    TILE_ROWS,
    accumulator,
    coordinates,
    costs,
    squared,
    weighted_level,
)
from jetgen.losses.sinkhorn import Potentials, SinkhornSettings

LN2 = tl.constexpr(0.6931471805599453)


@triton.jit
def _weights(weights, i, size):  # type: ignore[no-untyped-def]
    return tl.load(weights + i, mask=i < size, other=0.0)


@triton.jit
def _largest_cost(  # type: ignore[no-untyped-def]
    x,
    a,
    n,
    y,
    b,
    m,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    """Largest cost of pairs with weight; zero if infinite or NaN, which skips the annealing."""
    largest = tl.zeros([TILE_ROWS, TILE_COLUMNS], TYPE)
    for row in range(0, n, TILE_ROWS):
        i = row + tl.arange(0, TILE_ROWS)
        xs = coordinates(x, i, i < n, 0.0, D, TYPE)
        u = _weights(a, i, n)
        for column in range(0, m, TILE_COLUMNS):
            j = column + tl.arange(0, TILE_COLUMNS)
            ys = coordinates(y, j, j < m, 0.0, D, TYPE)
            real = (u > 0)[:, None] & (_weights(b, j, m) > 0)[None, :]
            cost = costs(squared(xs, ys, D), POWER)
            largest = tl.maximum(largest, tl.where(real, cost, 0.0))
    most = tl.max(tl.max(largest, 1), 0)
    return tl.where(most < 1e30, most, 0.0)


@triton.jit
def _step(  # type: ignore[no-untyped-def]
    x,
    a,
    f,
    new,
    n,
    y,
    b,
    g,
    m,
    eps,
    PART: tl.constexpr,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    """Move ``f`` by ``PART`` of a step to ``new``; return the marginal error before the step."""
    rate = 1 / (eps * LN2)
    error = tl.zeros([TILE_ROWS], TYPE)
    for row in range(0, n, TILE_ROWS):
        i = row + tl.arange(0, TILE_ROWS)
        xs = coordinates(x, i, i < n, 0.0, D, TYPE)
        u = _weights(a, i, n)
        before = tl.load(f + i, mask=i < n, other=0.0)
        level = before * rate
        sums = tl.zeros([TILE_ROWS, TILE_COLUMNS], TYPE)
        for column in range(0, m, TILE_COLUMNS):
            j = column + tl.arange(0, TILE_COLUMNS)
            ys = coordinates(y, j, j < m, 0.0, D, TYPE)
            opposite = weighted_level(g, j, _weights(b, j, m), rate)
            cost = costs(squared(xs, ys, D), POWER)
            sums += tl.exp2(level[:, None] + opposite[None, :] - rate * cost)
        total = tl.sum(sums, 1)
        total = tl.where(total < 1e-30, 1e-30, tl.where(total > 1e30, 1e30, total))  # keeps NaN
        after = before - PART * eps * LN2 * tl.log2(total)
        tl.store(new + i, tl.where(u > 0, after, 0.0), mask=i < n)
        error += tl.where(u > 0, u * tl.abs(total - 1), 0.0)
    tl.debug_barrier()  # the next step of this program reads the result of this one
    return tl.sum(error, 0)


@triton.jit(do_not_specialize=["n", "m", "final", "scaling", "tolerance", "bound"])
def _between_kernel(  # type: ignore[no-untyped-def]
    x,
    y,
    a,
    b,
    f,
    g,
    n,
    m,
    final,
    scaling,
    tolerance,
    bound,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    jet = tl.program_id(0).to(tl.int64)
    x, a, f = x + jet * n * D, a + jet * n, f + jet * n
    y, b, g = y + jet * m * D, b + jet * m, g + jet * m
    falling = _largest_cost(x, a, n, y, b, m, D, POWER, TYPE, TILE_ROWS, TILE_COLUMNS)
    final = falling * 0.0 + final
    error = falling * 0.0 + 1e30
    step = 0
    while (error >= tolerance) & (step < bound):
        annealing = falling > final
        eps = tl.where(annealing, falling, final)
        _step(x, a, f, f, n, y, b, g, m, eps, 1.0, D, POWER, TYPE, TILE_ROWS, TILE_COLUMNS)
        error = _step(y, b, g, g, m, x, a, f, n, eps, 1.0, D, POWER, TYPE, TILE_ROWS, TILE_COLUMNS)
        error = tl.where(annealing, 1e30, error)
        step += tl.where(annealing, 0, 1)
        falling *= scaling


@triton.jit(do_not_specialize=["n", "final", "scaling", "tolerance", "bound"])
def _symmetric_kernel(  # type: ignore[no-untyped-def]
    x,
    a,
    f,
    new,
    n,
    final,
    scaling,
    tolerance,
    bound,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    jet = tl.program_id(0).to(tl.int64)
    x, a, f, new = x + jet * n * D, a + jet * n, f + jet * n, new + jet * n
    falling = _largest_cost(x, a, n, x, a, n, D, POWER, TYPE, TILE_ROWS, TILE_COLUMNS)
    final = falling * 0.0 + final
    error = falling * 0.0 + 1e30
    step = 0
    while (error >= tolerance) & (step < bound):
        annealing = falling > final
        eps = tl.where(annealing, falling, final)
        error = _step(
            x, a, f, new, n, x, a, f, n, eps, 0.5, D, POWER, TYPE, TILE_ROWS, TILE_COLUMNS
        )
        for row in range(0, n, TILE_ROWS):
            i = row + tl.arange(0, TILE_ROWS)
            tl.store(f + i, tl.load(new + i, mask=i < n), mask=i < n)
        tl.debug_barrier()
        error = tl.where(annealing, 1e30, error)
        step += tl.where(annealing, 0, 1)
        falling *= scaling


def _constants(x: Tensor, power: float) -> dict[str, object]:
    return {
        "D": x.shape[2],
        "POWER": float(power),
        "TYPE": accumulator(x),
        "TILE_ROWS": TILE_ROWS,
        "TILE_COLUMNS": TILE_COLUMNS,
        **LAUNCH,
    }


@torch.no_grad()
def potentials_between(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, power: float, settings: SinkhornSettings
) -> Potentials:
    """:func:`jetgen.losses.sinkhorn.solve_between` for coordinates instead of a cost.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` of float32 or float64 without NaN in padded slots,
            each with at least one slot.
        a, b: ``(B, N)`` and ``(B, M)``, each of sum one or zero.
    """
    x, y, a, b = (t.detach().contiguous() for t in (x, y, a, b))
    (size, n), m = a.shape, b.shape[1]
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    if size:
        _between_kernel[(size,)](x, y, a, b, f, g, n, m, *astuple(settings), **_constants(x, power))
    return Potentials(f, g)


@torch.no_grad()
def potential_symmetric(x: Tensor, a: Tensor, power: float, settings: SinkhornSettings) -> Tensor:
    """:func:`jetgen.losses.sinkhorn.solve_symmetric` for coordinates instead of a cost."""
    x, a = x.detach().contiguous(), a.detach().contiguous()
    size, n = a.shape
    f, new = torch.zeros_like(a), torch.zeros_like(a)
    if size:
        _symmetric_kernel[(size,)](x, a, f, new, n, *astuple(settings), **_constants(x, power))
    return f
