"""What the kernels share: tiles of coordinates and of costs, and the sizes of tiles."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

LAUNCH: dict[str, Any] = {"num_warps": 4, "num_stages": 1, "enable_fp_fusion": True}


@triton.jit
def coordinates(points, rows, size, D: tl.constexpr, TYPE: tl.constexpr):  # type: ignore[no-untyped-def]
    """The ``D`` coordinates of the particles ``rows`` of one jet, a tuple of vectors."""
    columns = ()
    for d in tl.static_range(D):
        values = tl.load(points + rows * D + d, mask=rows < size, other=0.0)
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
def costs(xs, ys, D: tl.constexpr, POWER: tl.constexpr):  # type: ignore[no-untyped-def]
    """``|x_i - y_j|^POWER``, a tile; zero where two particles coincide."""
    square = squared(xs, ys, D)
    if POWER == 2:
        return square
    if POWER == 1:
        return tl.sqrt(square)
    positive = square > 0
    return tl.where(positive, tl.exp(tl.log(tl.where(positive, square, 1.0)) * (POWER / 2)), 0.0)


def bucket(size: int, most: int) -> int:
    """The power of two at or above ``size``, from 16 to ``most``: few kernels for all lengths."""
    return min(most, max(16, triton.next_power_of_2(size)))


def accumulator(tensor: Tensor) -> Any:
    """Double precision for double precision, single for everything else."""
    return tl.float64 if tensor.dtype == torch.float64 else tl.float32
