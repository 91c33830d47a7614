"""Distances between particles: of all pairs of two sets, or of given pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

Norm = Literal["l2", "l1"]

CHUNK_ELEMENTS = 1 << 17
"""Number of pairs per chunk on the CPU: two float32 buffers of this size fit into the cache."""


def pairwise(x: Tensor, y: Tensor, norm: Norm = "l2") -> Tensor:
    """``sum_d |x_d - y_d|^2`` (l2: the *square* of the distance) or ``sum_d |x_d - y_d|`` (l1).

    Computed from differences, because ``|x|^2 + |y|^2 - 2 x.y`` is inaccurate for collimated
    particles. No gradient.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``.

    Returns:
        ``(B, N, M)``.
    """
    with torch.no_grad():
        total = x.new_zeros(x.shape[0], x.shape[1], y.shape[1])
        difference = torch.empty_like(total)
        for d in range(x.shape[2]):
            torch.sub(x[:, :, d].unsqueeze(2), y[:, :, d].unsqueeze(1), out=difference)
            if norm == "l2":
                total.addcmul_(difference, difference)
            else:
                total.add_(difference.abs_())
        return total


def along(x: Tensor, y: Tensor, norm: Norm, power: float) -> Tensor:
    """``|x - y|^power`` of given pairs ``(..., D)``, with zero gradient if they coincide."""
    difference = x - y
    if norm == "l1":
        return power_of(difference.abs().sum(-1), power)
    return power_of(difference.square().sum(-1), power / 2)


def power_of(base: Tensor, exponent: float) -> Tensor:
    """``base ** exponent`` for ``base >= 0``, with zero instead of infinite gradient at zero."""
    if exponent == 1:
        return base
    zero = base == 0
    return torch.where(zero, base, torch.where(zero, torch.ones_like(base), base).pow(exponent))


def chunks(x: Tensor, y: Tensor) -> Iterator[slice]:
    """Slices of jets with small ``(chunk, N, M)`` tensors; 64 times larger on a GPU."""
    elements = CHUNK_ELEMENTS if x.device.type == "cpu" else 64 * CHUNK_ELEMENTS
    size = max(1, elements // max(1, x.shape[1] * y.shape[1]))
    for start in range(0, x.shape[0], size):
        yield slice(start, start + size)
