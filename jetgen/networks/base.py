"""The contracts of encoders and decoders, and how each is built from the options of a training."""

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
    context columns and of output columns, and by name ``hidden``, ``layers`` and the fields of
    :attr:`Options`; :meth:`build` is overridden where it needs more.
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
        """The encoder that the options of a training describe.

        Args:
            config: the options of the training.
            features: number of particle features ``F``.
            context: number of context columns ``C``.
            outputs: number of output columns.
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
            context: ``(B, C)`` what else is known of each jet.
        """


class Decoder(Component, nn.Module):
    """Map of a latent code ``(B, L)`` to particles ``(B, N, F)``, zero where masked.

    The constructor takes ``(latent, context, features)``, the numbers of latent columns, of context
    columns and of particle features, and by name ``particles``, ``hidden``, ``layers`` and the
    fields of :attr:`Options`; :meth:`build` is overridden where it needs more.
    """

    ordered: ClassVar[bool] = False
    """Whether the slots keep their meaning from jet to jet, so that a loss can go slot by slot."""

    same_in_training: ClassVar[bool] = True
    """Whether it computes the same in training and in evaluation (without dropout and the like)."""

    @classmethod
    def build(
        cls, config: TrainConfig, context: int, features: int, options: Mapping[str, Any]
    ) -> Self:
        """The decoder that the options of a training describe.

        Args:
            config: the options of the training.
            context: number of context columns ``C``.
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
            mask: ``(B, N)`` bool, true for the particles to be made.
            context: ``(B, C)`` what else is known of each jet.
            generator: source of the noise, for decoders that take some.
        """
