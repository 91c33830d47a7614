"""Nearest neighbours of masked sets in Triton.

The specification is :func:`jetgen.losses.nearest.nearest_plain`.

One program takes a few particles of one jet and walks over the other set in tiles. Each keeps
the smallest distance so far and its index in registers, so no table of pairs reaches memory.
Arithmetic: ``2 D + 3`` instructions a pair and direction (differences, fused squares and sums, a
comparison, two selections); what concerns one particle alone, its mask or a NaN, is done apart.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from jetgen.kernels.tiles import (
    COLUMNS,
    LAUNCH,
    ROWS,
    accumulator,
    coordinates,
    row_blocks,
    squared,
)
from jetgen.losses.distances import Norm


@triton.jit
def _has_nan(points, D: tl.constexpr):  # type: ignore[no-untyped-def]
    """Whether a coordinate is NaN, a vector."""
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
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    blocks = tl.cdiv(n, ROWS)
    jet = (tl.program_id(0) // blocks).to(tl.int64)
    i = (tl.program_id(0) % blocks) * ROWS + tl.arange(0, ROWS)
    xs = coordinates(x + jet * n * D, i, i < n, 0.0, D, TYPE)
    smallest = tl.full([ROWS, COLUMNS], float("inf"), TYPE)
    where = tl.zeros([ROWS, COLUMNS], tl.int32) + tl.arange(0, COLUMNS)[None, :]
    first_real = tl.full([COLUMNS], 0, tl.int32) + m
    first_nan = tl.full([COLUMNS], 0, tl.int32) + m
    for start in range(0, m, COLUMNS):
        j = start + tl.arange(0, COLUMNS)
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
    # As in torch's arg-min a NaN is smaller than any number: the jet's loss has to show it.
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
            ROWS=ROWS,
            COLUMNS=COLUMNS,
            **LAUNCH,
        )
    return index


@torch.no_grad()
def nearest_indices(
    x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm
) -> tuple[Tensor, Tensor]:
    """Indices ``(B, N)`` into y and ``(B, M)`` into x, as :func:`~jetgen.losses.nearest.nearest`.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` of float64, float32 or, summed in float32, less.
    """
    x, x_mask, y, y_mask = (t.detach().contiguous() for t in (x, x_mask, y, y_mask))
    return _launch(x, y, y_mask, norm), _launch(y, x, x_mask, norm)
