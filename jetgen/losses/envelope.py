r"""Values of inner optimisations, with the gradient given by the envelope theorem.

The derivative of the optimal value of a transport problem with respect to the particles is that at
a fixed plan; with respect to the weights it is given by the dual potentials. The solver therefore
runs without autograd and returns the value together with its gradients; its iterations are not
stored.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from jetgen.losses.distances import pairwise


class Solution(NamedTuple):
    """Optimal value ``(B,)``, and gradients of x, y ``(B, N, D)`` and of the weights ``(B, N)``."""

    value: Tensor
    x: Tensor
    y: Tensor
    x_weights: Tensor
    y_weights: Tensor


class _Attach(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: tuple[Tensor, ...], *inputs: Tensor) -> Tensor:
        ctx.save_for_backward(*gradients)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradients: tuple[Tensor, ...] = ctx.saved_tensors  # type: ignore[attr-defined]
        scaled = (g * upstream.view(-1, *[1] * (g.ndim - 1)) for g in gradients)
        return (None, None, *scaled)


def attach_gradients(solution: Solution, x: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The solution's value ``(B,)``, differentiable (once) in the positions and weights."""
    value, *gradients = (part.detach() for part in solution)
    attached: Tensor = _Attach.apply(value, tuple(gradients), x, y, a, b)
    return attached


@torch.no_grad()
def plan_gradients(x: Tensor, y: Tensor, plan: Tensor, power: float) -> tuple[Tensor, Tensor]:
    r"""Gradients of ``sum_ij plan_ij |x_i - y_j|^power`` for x ``(B, N, D)`` and y ``(B, M, D)``.

    ``plan`` is ``(B, N, M)``. Pairs that coincide contribute nothing.
    """
    by_x, by_y = torch.zeros_like(x), torch.zeros_like(y)
    if power == 2:
        strength = 2 * plan
    else:
        square = pairwise(x, y)
        positive = square > 0
        strength = torch.where(
            positive,
            plan * power * torch.where(positive, square, 1.0).pow(power / 2 - 1),
            torch.zeros_like(plan),
        )
    for d in range(x.shape[2]):
        pull = strength * (x[:, :, d].unsqueeze(2) - y[:, :, d].unsqueeze(1))
        by_x[:, :, d] = pull.sum(2)
        by_y[:, :, d] = -pull.sum(1)
    return by_x, by_y
