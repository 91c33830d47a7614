"""What the kernels share: tiles of pairs, and the particles and costs in them.

A tile is ``ROWS`` particles of one set by ``COLUMNS`` of the other, and a program one warp. Lanes
lie along the few columns first, so that a thread has as many rows and one column: a coordinate
once loaded serves many pairs, sums over the columns stay in the threads until the last tile, and
little is left to combine between them.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

ROWS, COLUMNS = 32, 8
LAUNCH: dict[str, Any] = {"num_warps": 1, "num_stages": 1, "enable_fp_fusion": True}


@triton.jit
def coordinates(  # type: ignore[no-untyped-def]
    points, rows, real, other, D: tl.constexpr, TYPE: tl.constexpr
):
    """The ``D`` coordinates of the particles ``rows`` of one jet, a tuple of vectors.

    They are ``other`` where a particle is not ``real``.
    """
    columns = ()
    for d in tl.static_range(D):
        values = tl.load(points + rows * D + d, mask=real, other=other)
        columns += (values.to(TYPE),)  # type: ignore[assignment]
    return columns


@triton.jit
def squared(xs, ys, D: tl.constexpr):  # type: ignore[no-untyped-def]
    """``|x_i - y_j|^2``, a tile, from differences."""
    first = xs[0][:, None] - ys[0][None, :]
    total = first * first
    for d in tl.static_range(1, D):
        difference = xs[d][:, None] - ys[d][None, :]
        total += difference * difference
    return total


@triton.jit
def costs(square, POWER: tl.constexpr):  # type: ignore[no-untyped-def]
    """``|x_i - y_j|^POWER`` from its square; zero where two particles coincide."""
    if POWER == 2:
        return square
    if POWER == 1:
        return tl.sqrt(square)
    positive = square > 0
    return tl.where(positive, tl.exp(tl.log(tl.where(positive, square, 1.0)) * (POWER / 2)), 0.0)


@triton.jit
def weighted_level(potential, rows, weights, rate):  # type: ignore[no-untyped-def]
    """``log2(w exp2(rate f))`` of the particles ``rows``; minus infinity without weight."""
    real = weights > 0
    level = tl.load(potential + rows, mask=real, other=0.0) * rate
    return tl.where(real, level + tl.log2(tl.where(real, weights, 1.0)), float("-inf"))


@triton.jit
def empty_sums(D: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, TYPE: tl.constexpr):  # type: ignore[no-untyped-def]
    """``D`` tiles of zeros, to add up in."""
    sums = ()
    for _ in tl.static_range(D):
        sums += (tl.zeros([ROWS, COLUMNS], TYPE),)  # type: ignore[assignment]
    return sums


def row_blocks(size: int) -> int:
    """Programs that it takes for the particles of a set, ``ROWS`` each."""
    return triton.cdiv(size, ROWS)


def accumulator(tensor: Tensor) -> Any:
    """Double precision for double precision, single for everything else."""
    return tl.float64 if tensor.dtype == torch.float64 else tl.float32
