"""Construction of the reconstruction loss named in the options of a training."""

from __future__ import annotations

from jetgen.components import LOSSES
from jetgen.config.train import TrainConfig
from jetgen.losses.base import ReconstructionLoss


def reconstruction_loss(config: TrainConfig) -> ReconstructionLoss:
    """A module that maps ``(x, x_mask, y, y_mask)`` to one mean loss per jet ``(B,)``."""
    loss: type[ReconstructionLoss] = LOSSES[config.loss]
    return loss.build(config, config.own_options("loss"))
