"""The moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    r"""Exponential moving average of the parameters, step by step.

    .. math:: \bar w_t = d_t \bar w_{t-1} + (1 - d_t) w_t, \qquad
              d_t = \min\left(d, \frac{1 + t}{10 + t}\right)

    so that the initial random weights do not contribute for long. The running means and variances
    of batch normalisations are averaged in the same way, so that they fit the averaged weights.

    Args:
        module: the module whose parameters are averaged.
        decay: :math:`d`, below 1.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.current = dict(_averaged(module))
        self.weights = {name: p.detach().clone() for name, p in self.current.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the average with the weights after step number ``step``, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, parameter in self.current.items():
            self.weights[name].lerp_(parameter, 1 - decay)

    def restore(self, weights: Mapping[str, Tensor]) -> None:
        """Load stored averages."""
        for name, weight in self.weights.items():
            weight.copy_(weights[name])

    @contextmanager
    @torch.no_grad()
    def applied(self) -> Iterator[None]:
        """Replace the weights by their averages within the block."""
        raw = {name: p.detach().clone() for name, p in self.current.items()}
        self._assign(self.weights)
        try:
            yield
        finally:
            self._assign(raw)

    def _assign(self, weights: Mapping[str, Tensor]) -> None:
        for name, parameter in self.current.items():
            parameter.data.copy_(weights[name])


def _averaged(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters, and the running statistics of batch normalisations, by name."""
    yield from module.named_parameters()
    for name, part in module.named_modules():
        if isinstance(part, nn.BatchNorm1d):
            statistics = part.named_buffers(prefix=name)
            yield from ((n, values) for n, values in statistics if values.is_floating_point())
