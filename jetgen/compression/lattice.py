"""Values as integer numbers of steps from a prediction."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Lattice:
    r"""Items :math:`x' = s + \Delta r` with integers r, so that :math:`|x' - x| \le \Delta/2`.

    The direction of a momentum is predicted better than its magnitude. If ``scaled``, the largest
    component of a predicted momentum :math:`\hat p` is therefore stored first, and the predictions
    of the others are scaled with its restored value: :math:`s_k = \hat p_k \, p'_1 / \hat p_1`. An
    error along the direction is then stored once instead of in each component.

    Args:
        predicted: items ``(M, F)``.
        step: :math:`\Delta` of each feature ``(F,)``.
        scaled: whether the features are the components of a momentum.
    """

    predicted: Tensor
    step: Tensor
    scaled: bool

    def residuals(self, items: Tensor) -> Tensor:
        """The integers ``(M, F)`` of items; for momenta by falling predicted component."""
        order, start, step = self._ordered()
        values = items.gather(1, order)
        first = ((values[:, :1] - start[:, :1]) / step[:, :1]).round()
        start = self._rescaled(start, start[:, :1] + step[:, :1] * first)
        return torch.cat([first, ((values - start) / step).round()[:, 1:]], dim=1)

    def items(self, residuals: Tensor) -> Tensor:
        """The inverse of :meth:`residuals`, up to half a step."""
        order, start, step = self._ordered()
        moved = step * residuals
        first = start[:, :1] + moved[:, :1]
        values = torch.cat([first, (self._rescaled(start, first) + moved)[:, 1:]], dim=1)
        return torch.empty_like(values).scatter_(1, order, values)

    def _ordered(self) -> tuple[Tensor, Tensor, Tensor]:
        """The features by falling predicted magnitude ``(M, F)``, their predictions and steps."""
        step = self.step.expand_as(self.predicted)
        if not self.scaled:
            order = torch.arange(len(self.step)).expand_as(self.predicted)
            return order, self.predicted, step
        order = self.predicted.abs().argsort(dim=1, descending=True, stable=True)
        return order, self.predicted.gather(1, order), step.gather(1, order)

    def _rescaled(self, start: Tensor, first: Tensor) -> Tensor:
        """Predictions ``(M, F)`` scaled with the value of the first feature ``(M, 1)``."""
        if not self.scaled:
            return start
        largest = start[:, :1]
        return start * torch.where(largest != 0, first / largest, 1.0)
