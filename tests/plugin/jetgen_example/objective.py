"""A training objective with an option of its own."""

from dataclasses import dataclass

import torch
from torch import Tensor

from jetgen.config.option import option, require
from jetgen.config.train import TrainConfig
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss
from jetgen.objectives.layout import Layout


class SparseAutoencoder(Autoencoder):
    """The autoencoder with the mean absolute value of its codes as penalty."""

    name = "Sparse autoencoder"
    stochastic = False

    @dataclass(frozen=True)
    class Options:
        weight: float = option(0.1, at_least=0, help="weight of the penalty")

    def __init__(self, config: TrainConfig, layout: Layout, *, weight: float) -> None:
        super().__init__(config, layout)
        self.weight = weight

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            config.prior != "discrete",
            "prior",
            "one with continuous codes, which can be small",
            config.prior,
        )

    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        size = z.abs().mean(1)
        return Loss(self.weight * size, {"code_size": size})
