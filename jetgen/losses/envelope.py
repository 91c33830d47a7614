r"""Values of inner optimisations, with the gradient that the envelope theorem gives them.

At the optimum of a transport problem its value changes with the particles as if the plan were
fixed, and with the weights by the dual potentials. So the solver runs without gradient, hands
over value and gradients together, and nothing of its iterations is kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from jetgen.losses.distances import pairwise


class Solution(NamedTuple):
    """Optimal value ``(B,)`` and its gradients by x, y ``(B, N, D)`` and the weights ``(B, N)``."""

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


def attach(solution: Solution, x: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The solution's value ``(B,)``, differentiable (once) by what it was solved for."""
    value, *gradients = (part.detach() for part in solution)
    attached: Tensor = _Attach.apply(value, tuple(gradients), x, y, a, b)
    return attached


@torch.no_grad()
def plan_gradients(x: Tensor, y: Tensor, plan: Tensor, power: float) -> tuple[Tensor, Tensor]:
    r"""Gradients of ``sum_ij plan_ij |x_i - y_j|^power`` by x ``(B, N, D)`` and y ``(B, M, D)``.

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
