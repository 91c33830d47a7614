"""The contract of a distribution of latent codes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from jetgen.config.component import Component
from jetgen.config.option import require
from jetgen.config.train import TrainConfig

MOMENTUM = 0.01
"""Weight of a batch in the running statistics of codes, once a hundred batches have been seen."""


class Prior(Component, nn.Module):
    """A distribution of codes ``z (B, L)``, possibly conditional on a context ``(B, C)``."""

    title: ClassVar[str]
    """The prior in words."""

    has_density: ClassVar[bool] = True
    """Whether :meth:`log_prob` exists."""

    evaluations: int = 0
    """How often a network is evaluated for a batch of codes."""

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        """The prior that the options of a training describe.

        Args:
            config: the options of the training.
            context: number of context columns ``C``.
            options: the prior's own options.
        """
        return cls(config.latent, **options)

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        require(
            config.prior_training == "after",
            "prior_training",
            f"after with the prior {config.prior}, which has nothing to learn",
            config.prior_training,
        )

    @abstractmethod
    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Codes ``(B, L)``, one for each context ``(B, C)``."""

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        """Log-densities ``(B,)`` of codes; only where :attr:`has_density`."""
        raise NotImplementedError(f"the {self.title} prior has no density")

    def admit(self, codes: Tensor) -> Tensor:
        """Outputs ``(B, L)`` of an encoder as codes that the prior could make; here unchanged."""
        return codes


class LearnedPrior(Prior):
    """A prior that is fitted to the codes that an encoder really makes.

    It sees codes standardised by their mean and standard deviation. These are set once from all
    codes (:meth:`fit_scale`), or follow codes that still change (:meth:`follow_scale`).

    Args:
        latent: number of latent columns.
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
        """Fitted after the model or together with it."""

    @abstractmethod
    def loss(self, z: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        """What a fit to codes minimises ``(B,)``."""

    @torch.no_grad()
    def fit_scale(self, z: Tensor) -> None:
        """Set the standardisation of the codes from a sample ``(M, L)`` of them."""
        self.shift.copy_(z.mean(0))
        self.scale.copy_(z.std(0).clamp(min=1e-6))

    @torch.no_grad()
    def follow_scale(self, z: Tensor) -> None:
        """Move the standardisation towards that of a batch ``(B, L)``, the first one all the way.

        First and second moments are averaged, so that batches of unlike jets count with their
        distance from each other.
        """
        self.batches += 1
        weight = max(MOMENTUM, 1 / int(self.batches))
        square = (self.scale.square() + self.shift.square()).lerp(z.square().mean(0), weight)
        self.shift.lerp_(z.mean(0), weight)
        self.scale.copy_((square - self.shift.square()).clamp(min=1e-12).sqrt())
