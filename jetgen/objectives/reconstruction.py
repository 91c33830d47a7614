"""The reconstruction loss that the options name."""

from __future__ import annotations

from jetgen.components import LOSSES
from jetgen.config.train import TrainConfig
from jetgen.losses.base import ReconstructionLoss


def reconstruction_loss(config: TrainConfig) -> ReconstructionLoss:
    """A module from ``(x, x_mask, y, y_mask)`` to one mean loss for each jet ``(B,)``."""
    loss: type[ReconstructionLoss] = LOSSES[config.loss]
    return loss.build(config, config.own_options("loss"))
