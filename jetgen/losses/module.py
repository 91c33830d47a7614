"""Losses as modules, with their options stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.losses.base import ReconstructionLoss


class SetLoss(ReconstructionLoss):
    """A module ``loss(x, x_mask, y, y_mask)`` with its options stored; weights go to each call."""

    def __init__(self, loss: Callable[..., Tensor], **options: Any) -> None:
        super().__init__()
        self.loss, self.options = loss, options

    @takes_arrays
    def forward(
        self,
        x: Tensor,
        x_mask: Tensor,
        y: Tensor,
        y_mask: Tensor,
        x_weights: Tensor | None = None,
        y_weights: Tensor | None = None,
    ) -> Tensor:
        weights = {"x_weights": x_weights, "y_weights": y_weights}
        return self.loss(x, x_mask, y, y_mask, **weights, **self.options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.options.items())
