"""An encoder with an option of its own."""

from dataclasses import dataclass

import torch
from torch import Tensor

from jetgen.config.option import option
from jetgen.networks.base import Encoder
from jetgen.networks.dense import mlp
from jetgen.networks.masking import masked, mean_pool


class PooledEncoder(Encoder):
    """The mean over particles of a small network."""

    @dataclass(frozen=True)
    class Options:
        width: int = option(16, at_least=1, help="width of the particles' vectors")

    def __init__(
        self,
        features: int,
        context: int,
        outputs: int,
        *,
        hidden: int,
        layers: int,
        width: int,
    ) -> None:
        super().__init__()
        self.embed = mlp(features, hidden, width)
        self.head = mlp(width + context, *[hidden] * layers, outputs)

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        pooled = mean_pool(self.embed(masked(particles, mask)), mask)
        return self.head(torch.cat([pooled, context], dim=1))
