"""Base classes of distributions of latent codes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from jetgen.config.component import Component
from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.sharing import gathered

MOMENTUM = 0.01
"""Weight of a batch in the running statistics of codes after the first hundred batches."""


class Prior(Component, nn.Module):
    """A distribution of codes ``z (B, L)``, possibly conditional on a context ``(B, C)``."""

    title: ClassVar[str]
    """Name of the prior for reports."""

    has_density: ClassVar[bool] = True
    """Whether :meth:`log_prob` is implemented."""

    has_paths: ClassVar[bool] = False
    """Whether codes are moved along paths from noise by the ``solver``."""

    evaluations: int = 0
    """Number of network evaluations per batch of codes."""

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        """Build the prior from the options of a training.

        Args:
            config: the options of the training.
            context: number of context variables ``C``.
            options: the prior's own options.
        """
        return cls(config.latent, **options)

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        require(
            config.prior_training == "after",
            "prior_training",
            f"after with the prior {config.prior}, which is not trained",
            config.prior_training,
        )

    @abstractmethod
    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Codes ``(B, L)``, one for each context ``(B, C)``."""

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        """Log-densities ``(B,)`` of codes; only where :attr:`has_density`."""
        raise NotImplementedError(f"the {self.title} prior has no density")

    def constrain(self, codes: Tensor) -> Tensor:
        """Map outputs ``(B, L)`` of an encoder to the support of the prior; here the identity."""
        return codes


class LearnedPrior(Prior):
    """A prior that is fitted to the codes of an encoder.

    It models codes standardised by their mean and standard deviation. These are set once from all
    codes (:meth:`fit_scale`), or updated while the codes still change (:meth:`follow_scale`).

    Args:
        latent: number of latent dimensions.
    """

    criterion: ClassVar[str]
    """Name of the loss in the log."""

    shift: Tensor
    scale: Tensor
    batches: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(latent))
        self.register_buffer("scale", torch.ones(latent))
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        return cls(config.latent, context, **options)  # type: ignore[call-arg]

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Accept ``prior_training`` after the model or together with it."""

    @abstractmethod
    def loss(self, z: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        """The loss ``(B,)`` that a fit to codes minimises."""

    @torch.no_grad()
    def fit_scale(self, z: Tensor) -> None:
        """Set the standardisation of the codes from a sample ``(M, L)`` of them."""
        self.shift.copy_(z.mean(0))
        self.scale.copy_(z.std(0).clamp(min=1e-6))

    @torch.no_grad()
    def follow_scale(self, z: Tensor) -> None:
        """Move the standardisation towards that of a batch ``(B, L)``; the first batch sets it.

        First and second moments are averaged, so that differences between the means of batches
        contribute to the variance.
        """
        z = gathered(z.to(self.shift))
        self.batches += 1
        weight = max(MOMENTUM, 1 / int(self.batches))
        square = (self.scale.square() + self.shift.square()).lerp(z.square().mean(0), weight)
        self.shift.lerp_(z.mean(0), weight)
        self.scale.copy_((square - self.shift.square()).clamp(min=1e-12).sqrt())
