r"""Gradient of a transport cost at its optimal plan in Triton, without a table of pairs.

.. math:: \nabla_{x_i} \sum_{ij} P_{ij} |x_i - y_j|^p, \quad
          P_{ij} = a_i b_j \exp((f_i + g_j - |x_i - y_j|^p) / \varepsilon)

The specification is :func:`jetgen.losses.envelope.plan_gradients` of
:func:`jetgen.losses.sinkhorn.transport_plan`. One program takes a few particles of one jet and
walks over the other set, so that every sum has a fixed order.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from jetgen.losses.kernels.tiles import LAUNCH, accumulator, bucket, coordinates, costs, squared
from jetgen.losses.sinkhorn import Potentials


@triton.jit(do_not_specialize=["n", "m", "eps"])
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
    eps,
    D: tl.constexpr,
    PADDED: tl.constexpr,
    POWER: tl.constexpr,
    TYPE: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    blocks = tl.cdiv(n, ROWS)
    jet = (tl.program_id(0) // blocks).to(tl.int64)
    i = (tl.program_id(0) % blocks) * ROWS + tl.arange(0, ROWS)
    xs = coordinates(x + jet * n * D, i, n, D, TYPE)
    u = tl.load(a + jet * n + i, mask=i < n, other=0.0).to(TYPE)
    fs = tl.load(f + jet * n + i, mask=i < n, other=0.0).to(TYPE)
    axis = tl.arange(0, PADDED)
    total = tl.zeros([ROWS, PADDED], TYPE)
    for start in range(0, m, COLUMNS):
        j = start + tl.arange(0, COLUMNS)
        ys = coordinates(y + jet * m * D, j, m, D, TYPE)
        v = tl.load(b + jet * m + j, mask=j < m, other=0.0).to(TYPE)
        gs = tl.load(g + jet * m + j, mask=j < m, other=0.0).to(TYPE)
        cost = costs(xs, ys, D, POWER)
        weights = u[:, None] * v[None, :]
        exponent = (fs[:, None] + gs[None, :] - cost) / eps
        plan = weights * tl.exp(tl.where(weights > 0, exponent, 0.0))
        if POWER == 2:
            strength = 2 * plan
        else:
            square = squared(xs, ys, D)
            safe = tl.where(square > 0, square, 1.0)
            strength = plan * POWER * tl.exp(tl.log(safe) * (POWER / 2 - 1))
            strength = tl.where(square > 0, strength, 0.0)
        for d in tl.static_range(D):
            part = tl.sum(strength * (xs[d][:, None] - ys[d][None, :]), 1)
            total += tl.where(axis[None, :] == d, part[:, None], 0.0)
    place = (jet * n + i)[:, None] * D + axis[None, :]
    tl.store(gradient + place, total, mask=(i < n)[:, None] & (axis < D)[None, :])


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
    """The gradient by x ``(B, N, D)``; that by y comes from exchanging the two sides.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` without NaN in padded slots.
        a, b: weights ``(B, N)`` and ``(B, M)``.
        potentials: ``(B, N)`` and ``(B, M)``.
    """
    x, y, a, b, f, g = (t.detach().contiguous() for t in (x, y, a, b, *potentials))
    (size, n, dimensions), m = x.shape, y.shape[1]
    gradient = torch.zeros_like(x)
    rows = bucket(n, 32)
    if gradient.numel():
        _plan_kernel[(size * triton.cdiv(n, rows),)](
            x,
            y,
            a,
            b,
            f,
            g,
            gradient,
            n,
            m,
            eps,
            D=dimensions,
            PADDED=triton.next_power_of_2(dimensions),
            POWER=float(power),
            TYPE=accumulator(x),
            ROWS=rows,
            COLUMNS=bucket(m, 64),
            **LAUNCH,
        )
    return gradient
