"""Nearest neighbours of masked sets in Triton.

The specification is :func:`jetgen.losses.nearest.nearest_plain`.

One program takes a few particles of one jet and walks over the other set in tiles. Each keeps
the smallest distance so far and its index in registers, so no table of pairs reaches memory.
Arithmetic: ``3 D + 2`` operations a pair and direction.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from jetgen.losses.distances import Norm
from jetgen.losses.kernels.tiles import LAUNCH, accumulator, bucket, coordinates, squared


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
    xs = coordinates(x + jet * n * D, i, n, D, TYPE)
    smallest = tl.full([ROWS, COLUMNS], float("inf"), TYPE)
    where = tl.zeros([ROWS, COLUMNS], tl.int32) + tl.arange(0, COLUMNS)[None, :]
    for start in range(0, m, COLUMNS):
        j = start + tl.arange(0, COLUMNS)
        real = tl.load(y_mask + jet * m + j, mask=j < m, other=0) != 0
        ys = coordinates(y + jet * m * D, j, m, D, TYPE)
        if MANHATTAN:
            distance = tl.abs(xs[0][:, None] - ys[0][None, :])
            for d in tl.static_range(1, D):
                distance += tl.abs(xs[d][:, None] - ys[d][None, :])
        else:
            distance = squared(xs, ys, D)
        # As in torch's arg-min a NaN is smaller than any number: the jet's loss has to show it.
        distance = tl.where(distance != distance, float("-inf"), distance)
        distance = tl.where(real[None, :], distance, float("inf"))
        closer = distance < smallest
        smallest = tl.where(closer, distance, smallest)
        where = tl.where(closer, j[None, :], where)
    tied = smallest == tl.min(smallest, 1)[:, None]
    lowest = tl.min(tl.where(tied, where, m), 1)
    tl.store(index + jet * n + i, lowest.to(tl.int64), mask=i < n)


def _launch(x: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Tensor:
    (size, n, dimensions), m = x.shape, y.shape[1]
    index = torch.empty(size, n, dtype=torch.int64, device=x.device)
    rows = bucket(n, 32)
    if size:
        _nearest_kernel[(size * triton.cdiv(n, rows),)](
            x,
            y,
            y_mask.view(torch.uint8),
            index,
            n,
            m,
            D=dimensions,
            MANHATTAN=norm == "l1",
            TYPE=accumulator(x),
            ROWS=rows,
            COLUMNS=bucket(m, 64),
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
