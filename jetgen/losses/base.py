"""The contract of reconstruction losses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from jetgen.components import DECODERS
from jetgen.config.component import Component
from jetgen.config.option import require
from jetgen.config.train import TrainConfig


class ReconstructionLoss(Component, nn.Module):
    """A distance between two batches of sets, one value per jet.

    The constructor takes the fields of :attr:`Options` by name; a loss that needs more overrides
    :meth:`build`.
    """

    ordered: ClassVar[bool] = False
    """Whether it compares slot by slot, which needs a decoder with an order of the particles."""

    unit_features: ClassVar[bool] = False
    """Whether decoded and real features must be in [0, 1]; decoders then end with a sigmoid."""

    @classmethod
    def build(cls, config: TrainConfig, options: Mapping[str, Any]) -> Self:
        """Build the loss from the options of a training.

        Args:
            config: options of the training.
            options: options of the loss itself.
        """
        return cls(**options)

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        require(
            not cls.ordered or DECODERS[config.decoder].ordered,
            "loss",
            "chamfer or emd with a decoder that has no particle order (others go slot by slot)",
            config.loss,
        )
        require(
            not cls.unit_features or config.likelihood_weight == 0,
            "likelihood_weight",
            f"0 with the loss {config.loss}, whose decoded values end at 0 and 1",
            config.likelihood_weight,
        )

    @abstractmethod
    def forward(self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        """The distances ``(B,)`` of decoded particles ``x`` to real ones ``y``.

        Args:
            x: ``(B, N, F)``; padded slots may hold anything.
            x_mask: ``(B, N)`` bool, true for real particles.
            y: ``(B, M, F)``.
            y_mask: ``(B, M)``.
        """
