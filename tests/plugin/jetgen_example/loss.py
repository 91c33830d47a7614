"""A reconstruction loss."""

import torch
from torch import Tensor

from jetgen.losses.base import ReconstructionLoss
from jetgen.networks.masking import masked

SMOOTH = 0.1
"""Distance below which the norm is rounded off, so that its slope is finite at zero."""


class EnergyDistance(ReconstructionLoss):
    """``2 E d(x, y) - E d(x, x') - E d(y, y')`` of the particles of two sets."""

    def forward(self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        precise = torch.promote_types(x.dtype, torch.float32)
        x, y = masked(x.to(precise), x_mask), masked(y.to(precise), y_mask)

        def mean(a: Tensor, a_mask: Tensor, b: Tensor, b_mask: Tensor) -> Tensor:
            square = (a.unsqueeze(2) - b.unsqueeze(1)).square().sum(3)
            pairs = a_mask.unsqueeze(2) & b_mask.unsqueeze(1)
            distances = (square + SMOOTH**2).sqrt() * pairs
            return distances.sum((1, 2)) / pairs.sum((1, 2)).clamp(min=1)

        value = 2 * mean(x, x_mask, y, y_mask)
        value = value - mean(x, x_mask, x, x_mask) - mean(y, y_mask, y, y_mask)
        return value * (x_mask.any(1) & y_mask.any(1))
