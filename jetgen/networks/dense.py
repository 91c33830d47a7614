"""Fully connected networks over particles in a fixed order: the classic baseline.

They depend on the order of the slots (falling pT in jetgen) and are *not* invariant under
permutations. ReLU between layers, linear last layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Self

import torch
from torch import Tensor, nn

from jetgen.config.train import TrainConfig
from jetgen.networks.base import Decoder, Encoder
from jetgen.networks.masking import masked


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of these widths with ReLU between them and a linear last layer."""
    modules: list[nn.Module] = []
    for before, after in pairwise(widths):
        modules += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


class OrderedEncoder(Encoder):
    """An encoder that depends on the order of the slots, built for a largest number of slots."""

    ordered = True

    @classmethod
    def build(
        cls,
        config: TrainConfig,
        features: int,
        context: int,
        outputs: int,
        options: Mapping[str, Any],
    ) -> Self:
        return cls(
            features,
            context,
            outputs,
            particles=config.particles,
            hidden=config.hidden,
            layers=config.layers,
            **options,
        )


class DenseEncoder(OrderedEncoder):
    """``(B, N, F)`` particles, flattened slot by slot, to ``(B, outputs)``.

    Args:
        features: number of particle features ``F``.
        context: number of context variables ``C``.
        outputs: number of outputs.
        particles: largest number of particles ``N``; smaller inputs are padded with zeros.
        hidden: width of the hidden layers.
        layers: number of hidden layers.
    """

    def __init__(
        self, features: int, context: int, outputs: int, *, particles: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.particles = particles
        self.network = self.stack(particles * features + context, outputs, hidden, layers)

    @staticmethod
    def stack(inputs: int, outputs: int, hidden: int, layers: int) -> nn.Module:
        """The layers from ``inputs`` to ``outputs`` columns."""
        return mlp(inputs, *[hidden] * layers, outputs)

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        blanks = self.particles - particles.shape[1]
        padded = nn.functional.pad(masked(particles, mask), (0, 0, 0, blanks))
        return self.network(torch.cat([padded.flatten(1), context], dim=1))


class DenseDecoder(Decoder):
    """``(B, L)`` latent codes to ``(B, N, F)`` particles, slot by slot.

    Args:
        latent: number of latent dimensions ``L``.
        context: number of context variables ``C``.
        features: number of particle features ``F``.
        particles: largest number of particles.
        hidden: width of the hidden layers.
        layers: number of hidden layers.
    """

    ordered = True

    def __init__(
        self, latent: int, context: int, features: int, *, particles: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.features = features
        self.network = self.stack(latent + context, particles * features, hidden, layers)

    @staticmethod
    def stack(inputs: int, outputs: int, hidden: int, layers: int) -> nn.Module:
        """The layers from ``inputs`` to ``outputs`` columns."""
        return mlp(inputs, *[hidden] * layers, outputs)

    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        slots = self.network(torch.cat([z, context], dim=1)).unflatten(1, (-1, self.features))
        return masked(slots[:, : mask.shape[1]], mask)
