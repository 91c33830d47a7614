"""The reconstruction loss that the options name."""

from __future__ import annotations

from torch import nn

from jetgen.config.train import TrainConfig
from jetgen.losses.bce import BCE
from jetgen.losses.chamfer import Chamfer
from jetgen.losses.emd import EMD
from jetgen.losses.mse import MSE


def reconstruction_loss(config: TrainConfig) -> nn.Module:
    """A module from ``(x, x_mask, y, y_mask)`` to a mean loss a jet ``(B,)``."""
    match config.loss:
        case "mse":
            return MSE(normalisation="mean")
        case "bce":
            return BCE(normalisation="mean")
        case "chamfer":
            return Chamfer(normalisation="mean")
        case "emd":
            return EMD(backend=config.emd_backend)
