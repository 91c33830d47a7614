"""Messages between all pairs of particles, averaged without a tensor over all pairs.

Pairs are processed in blocks that fit into the cache of a core, and the backward pass recomputes
each block: only the inputs are stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

_CPU_BLOCK = 2**18
"""Elements per block: a few such tensors fill the cache of a core."""

_DEVICE_BLOCK = 2**25
"""Elements per block on an accelerator: large enough to use all of it."""


def mean_message(
    receiver: Tensor, sender: Tensor, position: Tensor, scale: Tensor, mask: Tensor
) -> Tensor:
    r"""Mean over senders of ``relu(receiver_i + sender_j + scale |position_i - position_j|^2)``.

    Args:
        receiver: ``(B, N, H)``.
        sender: ``(B, N, H)``; padded slots send nothing.
        position: ``(B, N, D)``, also finite in padded slots.
        scale: ``(H,)``.
        mask: ``(B, N)`` bool.

    Returns:
        ``(B, N, H)``; zero for an empty set.
    """
    # The ReLU of minus infinity is zero, and so is its gradient.
    silenced = sender.masked_fill(~mask.unsqueeze(-1), -torch.inf)
    counts = mask.sum(1).clamp(min=1).view(-1, 1, 1)
    return _SummedMessages.apply(receiver, silenced, position, scale.to(receiver)) / counts


def summed_messages(receiver: Tensor, sender: Tensor, position: Tensor, scale: Tensor) -> Tensor:
    """Reference implementation of the sum, with tensors ``(B, N, N, H)``."""
    square = _differences(position, position).square().sum(-1, keepdim=True)
    pairs = receiver.unsqueeze(2) + sender.unsqueeze(1) + scale * square
    return torch.relu(pairs).sum(2)


class _SummedMessages(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, receiver: Tensor, sender: Tensor, position: Tensor, scale: Tensor
    ) -> Tensor:
        ctx.save_for_backward(receiver, sender, position, scale)
        result = torch.empty_like(receiver)
        memory = receiver.new_empty(0)
        for rows in _blocks(receiver):
            here, there = position[rows], position[rows[0]]
            distances = torch.cdist(here, there, compute_mode="donot_use_mm_for_euclid_dist")
            pairs = _pairs(receiver[rows], sender[rows[0]], memory)
            pairs.addcmul_(distances.square_().unsqueeze(-1), scale)
            result[rows] = pairs.relu_().sum(2)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        inputs = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative is required
            plain = summed_messages(*inputs)
            return torch.autograd.grad(plain, inputs, gradient, create_graph=True)
        receiver, sender, position, scale = inputs
        to_receiver, to_sender, to_position, to_scale = map(torch.zeros_like, inputs)
        memory = receiver.new_empty(0)
        for rows in _blocks(receiver):
            jets = rows[0]
            differences = _differences(position[rows], position[jets])
            square = differences.square().sum(-1, keepdim=True)
            pairs = _pairs(receiver[rows], sender[jets], memory).addcmul_(square, scale)
            to_pairs = (pairs > 0) * gradient[rows].unsqueeze(2)
            to_receiver[rows] = to_pairs.sum(2)
            to_sender[jets] += to_pairs.sum(1)
            to_scale += square.flatten() @ to_pairs.flatten(0, 2)
            pulls = 2 * (to_pairs @ scale).unsqueeze(-1) * differences
            to_position[rows] += pulls.sum(2)
            to_position[jets] -= pulls.sum(1)
        return to_receiver, to_sender, to_position, to_scale


def _pairs(receiver: Tensor, sender: Tensor, memory: Tensor) -> Tensor:
    """Sums ``(B, M, N, H)`` of ``(B, M, H)`` and ``(B, N, H)``, in memory that is in the cache."""
    shape = (*receiver.shape[:2], *sender.shape[1:])
    if memory.numel() < math.prod(shape):
        memory.resize_(math.prod(shape))
    pairs = memory[: math.prod(shape)].view(shape)
    return torch.add(receiver.unsqueeze(2), sender.unsqueeze(1), out=pairs)


def _differences(position: Tensor, origin: Tensor) -> Tensor:
    """Differences ``(B, M, N, D)`` of positions ``(B, M, D)`` from ``(B, N, D)``."""
    return position.unsqueeze(2) - origin.unsqueeze(1)


def _blocks(receiver: Tensor) -> Iterator[tuple[slice, slice]]:
    """Slices of jets and of receivers, so that each block has about the intended size."""
    jets, size, width = receiver.shape
    block = _CPU_BLOCK if receiver.device.type == "cpu" else _DEVICE_BLOCK
    rows = max(1, block // (size * width))
    together, part = max(1, rows // size), min(rows, size)
    for first in range(0, jets, together):
        for start in range(0, size, part):
            yield slice(first, first + together), slice(start, start + part)
