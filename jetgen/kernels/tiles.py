"""Shared functions of the kernels: tiles of pairs, with their particles and costs.

A tile has ``TILE_ROWS`` particles of one set and ``TILE_COLUMNS`` of the other; a program is one
warp. The lanes are along the few columns first, so that each thread has several rows and one
column: a loaded coordinate is used for many pairs, sums over the columns stay in the threads until
the last tile, and little has to be combined between threads.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

TILE_ROWS, TILE_COLUMNS = 32, 8
LAUNCH: dict[str, Any] = {"num_warps": 1, "num_stages": 1, "enable_fp_fusion": True}


@triton.jit
def coordinates(  # type: ignore[no-untyped-def]
    points, rows, real, other, D: tl.constexpr, TYPE: tl.constexpr
):
    """The ``D`` coordinates of the particles ``rows`` of one jet, a tuple of vectors.

    The coordinates are ``other`` where a particle is not ``real``.
    """
    vectors = ()
    for d in tl.static_range(D):
        values = tl.load(points + rows * D + d, mask=real, other=other)
        vectors += (values.to(TYPE),)  # type: ignore[assignment]
    return vectors


@triton.jit
def squared(xs, ys, D: tl.constexpr):  # type: ignore[no-untyped-def]
    """A tile of ``|x_i - y_j|^2``, from differences."""
    first = xs[0][:, None] - ys[0][None, :]
    total = first * first
    for d in tl.static_range(1, D):
        difference = xs[d][:, None] - ys[d][None, :]
        total += difference * difference
    return total


@triton.jit
def costs(square, POWER: tl.constexpr):  # type: ignore[no-untyped-def]
    """``|x_i - y_j|^POWER`` from the squared distance; zero if two particles coincide."""
    if POWER == 2:
        return square
    if POWER == 1:
        return tl.sqrt(square)
    positive = square > 0
    return tl.where(positive, tl.exp(tl.log(tl.where(positive, square, 1.0)) * (POWER / 2)), 0.0)


@triton.jit
def weighted_level(potential, rows, weights, rate):  # type: ignore[no-untyped-def]
    """``log2(w exp2(rate f))`` of the particles ``rows``; minus infinity for zero weight."""
    real = weights > 0
    level = tl.load(potential + rows, mask=real, other=0.0) * rate
    return tl.where(real, level + tl.log2(tl.where(real, weights, 1.0)), float("-inf"))


@triton.jit
def empty_sums(  # type: ignore[no-untyped-def]
    D: tl.constexpr, TILE_ROWS: tl.constexpr, TILE_COLUMNS: tl.constexpr, TYPE: tl.constexpr
):
    """``D`` tiles of zeros, used as accumulators."""
    sums = ()
    for _ in tl.static_range(D):
        sums += (tl.zeros([TILE_ROWS, TILE_COLUMNS], TYPE),)  # type: ignore[assignment]
    return sums


def row_blocks(size: int) -> int:
    """Number of programs for the particles of a set, ``TILE_ROWS`` per program."""
    return triton.cdiv(size, TILE_ROWS)


def accumulator(tensor: Tensor) -> Any:
    """The type of sums: float64 for float64 tensors, float32 for all others."""
    return tl.float64 if tensor.dtype == torch.float64 else tl.float32
