"""Nearest neighbours of masked sets in Triton.

The specification is :func:`jetgen.losses.nearest.nearest_plain`.

One program processes a few particles of one jet and iterates over the other set in tiles. It keeps
the smallest distances so far and their indices in registers, so no table of pairs is written to
memory. Arithmetic: ``2 D + 3`` instructions per pair and direction (differences, fused squares and
sums, a comparison, two selections); masks and NaN, which belong to single particles, are handled
separately.
"""

from __future__ import annotations

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
    row_blocks,
    squared,
)
from jetgen.losses.distances import Norm


@triton.jit
def _has_nan(points, D: tl.constexpr):  # type: ignore[no-untyped-def]
    """A vector that is true for particles with a coordinate that is NaN."""
    total = tl.abs(points[0])
    for d in tl.static_range(1, D):
        total += tl.abs(points[d])
    return total != total


@triton.jit(do_not_specialize=["n", "m"])
def _nearest_kernel(  # type: ignore[no-untyped-def]
    x,
    y,
    y_mask,
    index,
    n,
    m,
    D: tl.constexpr,
    MANHATTAN: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    blocks = tl.cdiv(n, TILE_ROWS)
    jet = (tl.program_id(0) // blocks).to(tl.int64)
    i = (tl.program_id(0) % blocks) * TILE_ROWS + tl.arange(0, TILE_ROWS)
    xs = coordinates(x + jet * n * D, i, i < n, 0.0, D, TYPE)
    smallest = tl.full([TILE_ROWS, TILE_COLUMNS], float("inf"), TYPE)
    where = tl.zeros([TILE_ROWS, TILE_COLUMNS], tl.int32) + tl.arange(0, TILE_COLUMNS)[None, :]
    first_real = tl.full([TILE_COLUMNS], 0, tl.int32) + m
    first_nan = tl.full([TILE_COLUMNS], 0, tl.int32) + m
    for start in range(0, m, TILE_COLUMNS):
        j = start + tl.arange(0, TILE_COLUMNS)
        real = tl.load(y_mask + jet * m + j, mask=j < m, other=0) != 0
        ys = coordinates(y + jet * m * D, j, real, float("inf"), D, TYPE)
        if MANHATTAN:
            distance = tl.abs(xs[0][:, None] - ys[0][None, :])
            for d in tl.static_range(1, D):
                distance += tl.abs(xs[d][:, None] - ys[d][None, :])
        else:
            distance = squared(xs, ys, D)
        closer = distance < smallest
        smallest = tl.where(closer, distance, smallest)
        where = tl.where(closer, j[None, :], where)
        first_real = tl.minimum(first_real, tl.where(real, j, m))
        first_nan = tl.minimum(first_nan, tl.where(real & _has_nan(ys, D), j, m))
    tied = smallest == tl.min(smallest, 1)[:, None]
    lowest = tl.min(tl.where(tied, where, m), 1)
    # As in torch's argmin, NaN is smaller than any number, so that the jet's loss becomes NaN.
    lowest = tl.where(tl.min(first_nan, 0) < m, tl.min(first_nan, 0), lowest)
    lowest = tl.where(_has_nan(xs, D), tl.min(first_real, 0) % m, lowest)
    tl.store(index + jet * n + i, lowest.to(tl.int64), mask=i < n)


def _launch(x: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Tensor:
    (size, n, dimensions), m = x.shape, y.shape[1]
    index = torch.empty(size, n, dtype=torch.int64, device=x.device)
    if size:
        _nearest_kernel[(size * row_blocks(n),)](
            x,
            y,
            y_mask.view(torch.uint8),
            index,
            n,
            m,
            D=dimensions,
            MANHATTAN=norm == "l1",
            TYPE=accumulator(x),
            TILE_ROWS=TILE_ROWS,
            TILE_COLUMNS=TILE_COLUMNS,
            **LAUNCH,
        )
    return index


@torch.no_grad()
def nearest_indices(
    x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm
) -> tuple[Tensor, Tensor]:
    """Indices ``(B, N)`` into y and ``(B, M)`` into x; see :func:`~jetgen.losses.nearest.nearest`.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``; float64, float32, or lower precision summed in
            float32.
    """
    x, x_mask, y, y_mask = (t.detach().contiguous() for t in (x, x_mask, y, y_mask))
    return _launch(x, y, y_mask, norm), _launch(y, x, x_mask, norm)
