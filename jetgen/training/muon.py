r"""The optimiser Muon: momentum whose matrices are made orthogonal before each step.

For the weight ``W`` of a linear layer, with the gradient ``G``,

.. math::
    M &\leftarrow \mu M + (1 - \mu) G \\
    W &\leftarrow W - 0.2\,\eta\,\sqrt{\max(m, n)}\;\mathrm{orthogonal}\big(\mu M + (1 - \mu) G\big)

where the singular values of an ``m`` by ``n`` matrix are moved near to one by five Newton-Schulz
iterations, so that rare directions are learned as fast as frequent ones. With this factor
entries change by about as much per step as with Adam, and the same learning rates :math:`\eta` are
good. Biases, norms, and matrices that have a side below 16 (the features of a particle), are
moved by Adam.

Reference:
    Muon is Scalable for LLM Training (Liu et al., 2025), arXiv:2502.16982. Old Optimizer, New Norm:
    An Anthology (Bernstein, Newhouse, 2024), arXiv:2409.20325.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_SMALLEST_SIDE = 16
_MOMENTUM = 0.95
_ITERATIONS = 5
_COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of the polynomial whose iterations map singular values in (0, 1] to between 0.7 and 1.2."""

_SIZE = 0.2
"""Root mean square of a step in units of the learning rate, as measured for Adam."""

_EPSILON = 1e-8


class Muon(torch.optim.Optimizer):
    """Muon for the matrices of linear layers, and Adam for all other parameters.

    Args:
        parameters: those of one network or several.
        lr: learning rate.
        betas: decay rates of Adam.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move the parameters that have a gradient."""
        assert closure is None
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            matrices = defaultdict(list)
            for parameter in moved:
                if parameter.ndim == 2 and min(parameter.shape) >= _SMALLEST_SIDE:
                    matrices[parameter.shape].append(parameter)
                else:
                    self._step_of_adam(parameter, group["lr"], *group["betas"])
            for equal in matrices.values():  # of one shape, in one product
                directions = orthogonal(torch.stack([self._momentum(p) for p in equal]))
                rate = group["lr"] * _SIZE * max(equal[0].shape) ** 0.5
                for parameter, direction in zip(equal, directions, strict=True):
                    parameter.sub_(direction, alpha=rate)

    def _momentum(self, parameter: nn.Parameter) -> Tensor:
        """The next gradient of a matrix, averaged over the past ones."""
        gradient, state = _gradient(parameter), self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        average: Tensor = state["momentum"].lerp_(gradient, 1 - _MOMENTUM)
        return gradient.lerp(average, _MOMENTUM)

    def _step_of_adam(
        self, parameter: nn.Parameter, rate: float, beta1: float, beta2: float
    ) -> None:
        gradient, state = _gradient(parameter), self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"], state["square"] = (torch.zeros_like(parameter) for _ in range(2))
        state["step"] += 1
        steps = state["step"].item()
        mean: Tensor = state["mean"].lerp_(gradient, 1 - beta1) / (1 - beta1**steps)
        square: Tensor = state["square"].lerp_(gradient.square(), 1 - beta2) / (1 - beta2**steps)
        parameter.addcdiv_(mean, square.sqrt_().add_(_EPSILON), value=-rate)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices ``(K, m, n)`` with the same singular vectors, and singular values near to one.

    >>> values = torch.linalg.svdvals(orthogonal(torch.diag(torch.tensor([5.0, 0.1]))[None]))
    >>> bool(((0.6 < values) & (values < 1.3)).all())
    True
    """
    a, b, c = _COEFFICIENTS
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    x = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide is matrices else x.mT


def _gradient(parameter: nn.Parameter) -> Any:
    return parameter.grad
