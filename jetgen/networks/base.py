"""Base classes of encoders and decoders, which are built from the options of a training."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from jetgen.config.component import Component
from jetgen.config.train import TrainConfig


class Encoder(Component, nn.Module):
    """Map of ``(B, N, F)`` particles to ``(B, outputs)``.

    The constructor takes ``(features, context, outputs)``, the numbers of particle features, of
    context variables and of outputs, and by name ``hidden``, ``layers`` and the fields of
    :attr:`Options`. An encoder that needs more overrides :meth:`build`.
    """

    ordered: ClassVar[bool] = False
    """Whether the result depends on the order of the slots."""

    same_in_training: ClassVar[bool] = True
    """Whether it computes the same in training and in evaluation (without dropout and the like)."""

    @classmethod
    def build(
        cls,
        config: TrainConfig,
        features: int,
        context: int,
        outputs: int,
        options: Mapping[str, Any],
    ) -> Self:
        """Build the encoder from the options of a training.

        Args:
            config: the options of the training.
            features: number of particle features ``F``.
            context: number of context variables ``C``.
            outputs: number of outputs.
            options: the encoder's own options.
        """
        return cls(
            features, context, outputs, hidden=config.hidden, layers=config.layers, **options
        )

    @abstractmethod
    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """The vectors ``(B, outputs)``.

        Args:
            particles: ``(B, N, F)`` transformed features; padded slots may hold anything.
            mask: ``(B, N)`` bool, true for real particles.
            context: ``(B, C)`` conditioning variables of each jet.
        """


class Decoder(Component, nn.Module):
    """Map of a latent code ``(B, L)`` to particles ``(B, N, F)``, zero where masked.

    The constructor takes ``(latent, context, features)``, the numbers of latent dimensions, of
    context variables and of particle features, and by name ``particles``, ``hidden``, ``layers``
    and the fields of :attr:`Options`. A decoder that needs more overrides :meth:`build`.
    """

    ordered: ClassVar[bool] = False
    """Whether slots have the same meaning in all jets, so that a loss can compare slot by slot."""

    same_in_training: ClassVar[bool] = True
    """Whether it computes the same in training and in evaluation (without dropout and the like)."""

    @classmethod
    def build(
        cls, config: TrainConfig, context: int, features: int, options: Mapping[str, Any]
    ) -> Self:
        """Build the decoder from the options of a training.

        Args:
            config: the options of the training.
            context: number of context variables ``C``.
            features: number of particle features ``F``.
            options: the decoder's own options.
        """
        return cls(
            config.latent,
            context,
            features,
            particles=config.particles,
            hidden=config.hidden,
            layers=config.layers,
            **options,
        )

    @abstractmethod
    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Particles ``(B, N, F)``.

        Args:
            z: ``(B, L)`` latent codes.
            mask: ``(B, N)`` bool, true for the particles to be generated.
            context: ``(B, C)`` conditioning variables of each jet.
            generator: source of noise, for decoders that use noise.
        """
