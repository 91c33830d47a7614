r"""Sums over pairs of particles in Triton; the angles are the only matrix of pairs in memory.

.. math:: s_{ki} = \sum_j \theta_{ij}^{p_k} W_{ij}^{q_k} w_{kj}, \quad
          W_{ij} = \sum_x \theta_{ix} z_x \theta_{xj}

The specification is :func:`jetgen.physics.efp_fused.moments_plain`. One program processes a few
particles of one jet and iterates over the others in tiles. The powers and ``W`` of a tile stay in
registers, so that all sums together read the angles from memory once (tiles of ``W`` read them
again from the cache); separate operations would read them several times per sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from jetgen.kernels.tiles import LAUNCH, accumulator

TILE = 32
"""Rows and columns of a tile, computed by four warps: matrix products need larger tiles."""


@triton.jit
def _angles(theta, i, j, n):  # type: ignore[no-untyped-def]
    """The angles of rows ``i`` and columns ``j`` of one jet; zero outside."""
    inside = (i < n)[:, None] & (j < n)[None, :]
    return tl.load(theta + i[:, None] * n + j[None, :], mask=inside, other=0.0)


@triton.jit(do_not_specialize=["n"])
def _moments_kernel(  # type: ignore[no-untyped-def]
    theta,
    z,
    weights,
    sums,
    n,
    POWERS: tl.constexpr,
    CHAINED: tl.constexpr,
    COUNT: tl.constexpr,
    PADDED: tl.constexpr,
    TYPE: tl.constexpr,
    TILE: tl.constexpr,
):
    blocks = tl.cdiv(n, TILE)
    jet = (tl.program_id(0) // blocks).to(tl.int64)
    i = (tl.program_id(0) % blocks) * TILE + tl.arange(0, TILE)
    theta, z = theta + jet * n * n, z + jet * n
    weights, sums = weights + jet * COUNT * n, sums + jet * COUNT * n
    number = tl.arange(0, PADDED)
    total = tl.zeros([TILE, PADDED], TYPE)
    for start in range(0, n, TILE):
        j = start + tl.arange(0, TILE)
        direct = _angles(theta, i, j, n)
        chained = tl.zeros([TILE, TILE], TYPE)
        if CHAINED:
            for middle in range(0, n, TILE):
                x = middle + tl.arange(0, TILE)
                between = tl.load(z + x, mask=x < n, other=0.0)
                left = _angles(theta, i, x, n) * between[None, :]
                right = _angles(theta, x, j, n)
                chained = tl.dot(left, right, chained, input_precision="ieee", out_dtype=TYPE)
        for k in tl.static_range(COUNT):
            w = tl.load(weights + k * n + j, mask=j < n, other=0.0)
            term = tl.zeros([TILE, TILE], TYPE) + w[None, :]
            for _ in tl.static_range(tl.constexpr(POWERS[2 * k])):
                term *= direct
            for _ in tl.static_range(tl.constexpr(POWERS[2 * k + 1])):
                term *= chained
            part = tl.sum(term, 1)
            total += tl.where(number[None, :] == k, part[:, None], 0.0)
    place = number[None, :] * n + i[:, None]
    tl.store(sums + place, total, mask=(i < n)[:, None] & (number < COUNT)[None, :])


@torch.no_grad()
def moments(theta: Tensor, z: Tensor, weights: Tensor, powers: Sequence[tuple[int, int]]) -> Tensor:
    """The sums ``(B, K, N)``.

    Args:
        theta: symmetric ``(B, N, N)`` of float64 or float32.
        z: ``(B, N)``.
        weights: ``(B, K, N)``, zero where there is no particle.
        powers: ``p`` and ``q`` of each sum.
    """
    theta, z, weights = (t.detach().contiguous() for t in (theta, z, weights))
    size, count, n = weights.shape
    sums = torch.empty_like(weights)
    if sums.numel():
        _moments_kernel[(size * triton.cdiv(n, TILE),)](
            theta,
            z,
            weights,
            sums,
            n,
            POWERS=tuple(power for pair in powers for power in pair),
            CHAINED=any(q for _, q in powers),
            COUNT=count,
            PADDED=triton.next_power_of_2(count),
            TYPE=accumulator(theta),
            TILE=TILE,
            **{**LAUNCH, "num_warps": 4},
        )
    return sums
