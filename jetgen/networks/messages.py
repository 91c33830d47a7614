"""Messages from neighbours, aggregated without a tensor over all pairs.

A direct implementation for ``M`` particles with ``k`` neighbours each needs several tensors
``(M, k, H)``, in the forward pass and for the backward pass. Here the particles are processed in
blocks that fit into the cache of a core, and the backward pass recomputes the messages of a block:
this takes less time than reading them from memory, and only inputs and results are stored. If
several messages are the largest, they share the gradient equally, as in ``torch.amax``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Aggregation = Literal["max", "mean"]

_CPU_BLOCK = 2**17
"""Elements per block and thread: a few such buffers take half of a common second-level cache."""

_DEVICE_BLOCK = 2**25
"""Elements per block on an accelerator: large enough to use all of it."""


def neighbour_max(offers: Tensor, index: Tensor) -> Tensor:
    """Element-wise maximum ``(M, H)`` of ``offers[index]`` over the neighbours.

    Args:
        offers: ``(M, H)``.
        index: ``(M, k)`` int64, rows of ``offers``; a repeated one counts once.
    """
    return _NeighbourMax.apply(offers, index)


def neighbour_messages(
    centre: Tensor,
    offers: Tensor,
    index: Tensor,
    valid: Tensor,
    layers: Sequence[tuple[Tensor, Tensor]],
    aggregation: Aggregation,
) -> Tensor:
    r"""Messages ``(M, H)`` aggregated over the valid neighbours.

    The message from neighbour ``j`` to particle ``i`` is ``relu(centre_i + offers_j)``, passed
    through ``relu(h W^T + b)`` for each of ``layers``.

    Args:
        centre: ``(M, H)``.
        offers: ``(M, H)``.
        index: ``(M, k)`` int64, rows of ``offers``.
        valid: ``(M, k)`` bool, at least one true in every row.
        layers: weights ``(H, H)`` and biases ``(H,)``.
        aggregation: ``max`` or ``mean``.
    """
    keep = None if bool(valid.all()) else valid.unsqueeze(-1).to(offers.dtype)
    parameters = [part.to(offers.dtype) for layer in layers for part in layer]
    return _NeighbourMessages.apply(aggregation, centre, offers, index, keep, *parameters)


class _NeighbourMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, offers: Tensor, index: Tensor) -> Tensor:
        largest = offers.new_empty(len(index), offers.shape[1])
        for rows, buffer in _blocks(index, offers, 1):
            torch.amax(_gather(offers, index[rows], buffer[0]), 1, out=largest[rows])
        ctx.save_for_backward(offers, index, largest)
        return largest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        offers, index, largest = ctx.saved_tensors
        result = torch.zeros_like(offers)
        for rows, buffer in _blocks(index, offers, 1):
            gathered = _gather(offers, index[rows], buffer[0])
            shares = _shares(gathered, largest[rows], gradient[rows])
            result.index_add_(0, index[rows].flatten(), shares.flatten(0, 1))
        return result, None


class _NeighbourMessages(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        aggregation: Aggregation,
        centre: Tensor,
        offers: Tensor,
        index: Tensor,
        keep: Tensor | None,
        *parameters: Tensor,
    ) -> Tensor:
        counts = centre.new_full((len(index), 1), index.shape[1]) if keep is None else keep.sum(1)
        result = torch.empty_like(centre)
        depth = 1 + len(parameters) // 2
        for rows, buffers in _blocks(index, offers, min(depth, 2)):
            in_turn = [buffers[i % 2] for i in range(depth)]
            last = _messages(centre, offers, index, keep, parameters, rows, in_turn)[-1]
            if aggregation == "max":
                torch.amax(last, 1, out=result[rows])
            else:
                torch.sum(last, 1, out=result[rows]).div_(counts[rows])
        ctx.aggregation = aggregation
        ctx.save_for_backward(centre, offers, index, keep, counts, result, *parameters)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        centre, offers, index, keep, counts, result, *parameters = ctx.saved_tensors
        to_centre, to_offers = torch.empty_like(centre), torch.zeros_like(offers)
        to_parameters = [torch.zeros_like(parameter) for parameter in parameters]
        depth = 1 + len(parameters) // 2
        for rows, buffers in _blocks(index, offers, depth + 2):
            hidden = _messages(centre, offers, index, keep, parameters, rows, buffers[:depth])
            here, spare = buffers[depth:]
            if ctx.aggregation == "max":
                to_message = _shares(hidden[-1], result[rows], gradient[rows], spare)
            else:
                to_message = (gradient[rows] / counts[rows]).unsqueeze(1).expand_as(hidden[-1])
            into = _through_relu(to_message, hidden[-1], here).flatten(0, 1)
            for layer in range(depth - 2, -1, -1):
                weight, before = parameters[2 * layer], hidden[layer].flatten(0, 1)
                to_parameters[2 * layer].addmm_(into.t(), before)
                to_parameters[2 * layer + 1].add_(into.sum(0))
                passed = torch.mm(into, weight, out=spare)
                into = _through_relu(passed, before, here)
            torch.sum(into.view_as(hidden[0]), 1, out=to_centre[rows])
            to_offers.index_add_(0, index[rows].flatten(), into)
        return None, to_centre, to_offers, None, None, *to_parameters


def _messages(
    centre: Tensor,
    offers: Tensor,
    index: Tensor,
    keep: Tensor | None,
    parameters: Sequence[Tensor],
    rows: slice,
    buffers: Sequence[Tensor],
) -> list[Tensor]:
    """Output of each layer for these rows, ``(rows, k, H)`` each, written to the buffers."""
    pairs = _gather(offers, index[rows], buffers[0])
    hidden = [pairs.add_(centre[rows].unsqueeze(1)).relu_()]
    weights = zip(parameters[::2], parameters[1::2], buffers[1:], strict=True)
    for weight, bias, buffer in weights:
        product = torch.mm(hidden[-1].flatten(0, 1), weight.t(), out=buffer)
        hidden.append(product.add_(bias).relu_().view_as(pairs))
    if keep is not None:
        hidden[-1].mul_(keep[rows])
    return hidden


def _gather(offers: Tensor, index: Tensor, buffer: Tensor) -> Tensor:
    """``offers[index]``, ``(rows, k, H)``, written to the buffer."""
    return torch.index_select(offers, 0, index.flatten(), out=buffer).view(*index.shape, -1)


def _shares(
    messages: Tensor, largest: Tensor, gradient: Tensor, buffer: Tensor | None = None
) -> Tensor:
    """Gradient of the maximum with respect to the messages ``(rows, k, H)``."""
    out = messages if buffer is None else buffer.view_as(messages)
    ties = torch.eq(messages, largest.unsqueeze(1), out=out)
    return ties.mul_((gradient / ties.sum(1)).unsqueeze(1))


def _through_relu(gradient: Tensor, activation: Tensor, buffer: Tensor) -> Tensor:
    """The gradient where ``activation``, the output of a ReLU, is positive; zero elsewhere."""
    out = buffer.view_as(activation)
    return torch.ops.aten.threshold_backward.grad_input(gradient, activation, 0, grad_input=out)


def _blocks(index: Tensor, offers: Tensor, count: int) -> Iterator[tuple[slice, list[Tensor]]]:
    """Slices of the rows of ``index`` and, for each, ``count`` buffers ``(rows * k, H)``."""
    size, neighbours = index.shape
    width = offers.shape[1]
    cpu = offers.device.type == "cpu"
    budget = _CPU_BLOCK * torch.get_num_threads() if cpu else _DEVICE_BLOCK
    rows = max(1, min(size, budget // (neighbours * width)))
    buffers = [offers.new_empty(rows * neighbours, width) for _ in range(count)]
    for start in range(0, size, rows):
        pairs = min(rows, size - start) * neighbours
        yield slice(start, start + rows), [buffer[:pairs] for buffer in buffers]
