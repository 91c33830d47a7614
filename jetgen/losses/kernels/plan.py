r"""Gradient of a transport cost at its optimal plan in Triton, without a table of pairs.

.. math:: \nabla_{x_i} \sum_{ij} P_{ij} |x_i - y_j|^p, \quad
          P_{ij} = a_i b_j \exp((f_i + g_j - |x_i - y_j|^p) / \varepsilon)

The specification is :func:`jetgen.losses.envelope.plan_gradients` of
:func:`jetgen.losses.sinkhorn.transport_plan`. One program processes a few particles of one jet and
iterates over the other set, so that every sum has a fixed order.
"""

from __future__ import annotations

import math

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
    empty_sums,
    row_blocks,
    squared,
    weighted_level,
)
from jetgen.losses.sinkhorn import Potentials


@triton.jit(do_not_specialize=["n", "m", "rate"])
def _plan_kernel(  # type: ignore[no-untyped-def]
    x,
    y,
    a,
    b,
    f,
    g,
    gradient,
    n,
    m,
    rate,
    D: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    blocks = tl.cdiv(n, TILE_ROWS)
    jet = (tl.program_id(0) // blocks).to(tl.int64)
    i = (tl.program_id(0) % blocks) * TILE_ROWS + tl.arange(0, TILE_ROWS)
    xs = coordinates(x + jet * n * D, i, i < n, 0.0, D, TYPE)
    u = tl.load(a + jet * n + i, mask=i < n, other=0.0)
    level = weighted_level(f + jet * n, i, u, rate)
    totals = empty_sums(D, TILE_ROWS, TILE_COLUMNS, TYPE)
    for start in range(0, m, TILE_COLUMNS):
        j = start + tl.arange(0, TILE_COLUMNS)
        ys = coordinates(y + jet * m * D, j, j < m, 0.0, D, TYPE)
        v = tl.load(b + jet * m + j, mask=j < m, other=0.0)
        opposite = weighted_level(g + jet * m, j, v, rate)
        square = squared(xs, ys, D)
        strength = tl.exp2(level[:, None] + opposite[None, :] - rate * costs(square, POWER))
        if POWER != 2:
            safe = tl.where(square > 0, square, 1.0)
            strength *= tl.where(square > 0, tl.exp(tl.log(safe) * (POWER / 2 - 1)), 0.0)
        further = ()
        for d in tl.static_range(D):
            further += (totals[d] + strength * (xs[d][:, None] - ys[d][None, :]),)  # type: ignore[assignment]
        totals = further
    for d in tl.static_range(D):
        total = POWER * tl.sum(totals[d], 1)
        tl.store(gradient + (jet * n + i) * D + d, total, mask=i < n)


@torch.no_grad()
def plan_gradient(
    x: Tensor,
    y: Tensor,
    a: Tensor,
    b: Tensor,
    potentials: Potentials,
    eps: float,
    power: float,
) -> Tensor:
    """The gradient with respect to x ``(B, N, D)``; exchange the two sides for that of y.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` without NaN in padded slots.
        a, b: weights ``(B, N)`` and ``(B, M)``.
        potentials: ``(B, N)`` and ``(B, M)``.
    """
    x, y, a, b, f, g = (t.detach().contiguous() for t in (x, y, a, b, *potentials))
    (size, n, dimensions), m = x.shape, y.shape[1]
    gradient = torch.zeros_like(x)
    if gradient.numel():
        _plan_kernel[(size * row_blocks(n),)](
            x,
            y,
            a,
            b,
            f,
            g,
            gradient,
            n,
            m,
            1 / (eps * math.log(2)),
            D=dimensions,
            POWER=float(power),
            TYPE=accumulator(x),
            TILE_ROWS=TILE_ROWS,
            TILE_COLUMNS=TILE_COLUMNS,
            **LAUNCH,
        )
    return gradient
