"""``points.gather(1, index)`` of whole particles with a gradient summed in a fixed order.

On CUDA, torch's own gradient uses atomic additions, in an order that changes from run to run. Here
one program processes a few particles and iterates over all slots that refer to them, in order.
"""

from __future__ import annotations

from typing import Any

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
    empty_sums,
    row_blocks,
)


@triton.jit(do_not_specialize=["n", "m"])
def _spread_kernel(  # type: ignore[no-untyped-def]
    values,
    index,
    sums,
    n,
    m,
    D: tl.constexpr,
    TYPE: tl.constexpr,
    TILE_ROWS: tl.constexpr,
    TILE_COLUMNS: tl.constexpr,
):
    blocks = tl.cdiv(m, TILE_ROWS)
    jet = (tl.program_id(0) // blocks).to(tl.int64)
    j = (tl.program_id(0) % blocks) * TILE_ROWS + tl.arange(0, TILE_ROWS)
    totals = empty_sums(D, TILE_ROWS, TILE_COLUMNS, TYPE)
    for start in range(0, n, TILE_COLUMNS):
        i = start + tl.arange(0, TILE_COLUMNS)
        chosen = tl.load(index + jet * n + i, mask=i < n, other=-1)
        hit = chosen[None, :] == j[:, None]
        upstream = coordinates(values + jet * n * D, i, i < n, 0.0, D, TYPE)
        further = ()
        for d in tl.static_range(D):
            further += (totals[d] + tl.where(hit, upstream[d][None, :], 0.0),)  # type: ignore[assignment]
        totals = further
    for d in tl.static_range(D):
        tl.store(sums + (jet * m + j) * D + d, tl.sum(totals[d], 1), mask=j < m)


def _launch(values: Tensor, index: Tensor, m: int) -> Tensor:
    values, index = values.contiguous(), index.contiguous()
    size, n, dimensions = values.shape
    sums = values.new_empty(size, m, dimensions)
    if sums.numel():
        _spread_kernel[(size * row_blocks(m),)](
            values,
            index,
            sums,
            n,
            m,
            D=dimensions,
            TYPE=accumulator(values),
            TILE_ROWS=TILE_ROWS,
            TILE_COLUMNS=TILE_COLUMNS,
            **LAUNCH,
        )
    return sums


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.size = points.shape[1]
        return points.gather(1, index.unsqueeze(2).expand(-1, -1, points.shape[2]))

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        return _Spread.apply(upstream, *ctx.saved_tensors, ctx.size), None


class _Spread(torch.autograd.Function):
    """The transpose of the gather; its gradient is the gather again."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, index: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(index)
        return _launch(values, index, size)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        return _Gather.apply(upstream, *ctx.saved_tensors), None, None


def gather_particles(points: Tensor, index: Tensor) -> Tensor:
    """Particles ``(B, N, D)`` of ``points (B, M, D)`` at the slots ``index (B, N)``."""
    gathered: Tensor = _Gather.apply(points, index)
    return gathered
