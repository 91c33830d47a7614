"""Pooling over sets that ignores padded slots."""

from __future__ import annotations

import torch
from torch import Tensor


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """``values`` ``(B, N, H)`` with padded slots set to zero (also where they hold NaN)."""
    return torch.where(mask.unsqueeze(-1), values, values.new_zeros(()))


def mean_pool(values: Tensor, mask: Tensor) -> Tensor:
    """Mean ``(B, H)`` over the particles of each set; zero for an empty set.

    ``values`` must also be finite in padded slots: this is one matrix product, (B, 1, N) @ (B, N,
    H), several times faster than a masked sum.
    """
    weights = mask / mask.sum(1, keepdim=True).clamp(min=1)
    return torch.bmm(weights.unsqueeze(1).to(values), values).squeeze(1)


def max_pool(values: Tensor, mask: Tensor) -> Tensor:
    """Maximum ``(B, H)`` over the particles of each set; zero for an empty set."""
    lowest = values.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(1)
    return torch.where(mask.any(1, keepdim=True), lowest, torch.zeros_like(lowest))
