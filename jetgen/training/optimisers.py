"""The optimiser of a player."""

from __future__ import annotations

import torch

from jetgen.config.sections.training import Optimiser
from jetgen.objectives.base import Player
from jetgen.training.muon import Muon


def build_optimiser(kind: Optimiser, player: Player, learning_rate: float) -> torch.optim.Optimizer:
    """The optimiser of the parameters of a player."""
    match "adam" if kind == "muon" and not player.muon else kind:
        case "adam":
            return torch.optim.Adam(
                player.parameters, lr=learning_rate, betas=player.betas, amsgrad=player.amsgrad
            )
        case "muon":
            return Muon(player.parameters, lr=learning_rate, betas=player.betas)
        case "rmsprop":
            return torch.optim.RMSprop(player.parameters, lr=learning_rate)
        case "sgd":
            return torch.optim.SGD(player.parameters, lr=learning_rate)
