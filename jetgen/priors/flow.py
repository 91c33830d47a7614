"""A normalizing flow fitted to the codes of the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
import zuko
from torch import Tensor

from jetgen.config.train import TrainConfig
from jetgen.priors.base import LearnedPrior
from jetgen.sharing import drawn


class FlowPrior(LearnedPrior):
    r"""Neural spline flow with coupling transforms, conditional on the context.

    .. math:: \log p(z \mid c) = \log N(f(z; c); 0, 1) + \log |\det \partial f / \partial z|

    Its loss is :math:`-\log p(z \mid c)`. Coupling transforms (``passes=2``) sample as fast as they
    evaluate; the splines are linear outside [-5, 5], where standardised codes are rare.

    Reference:
        Neural Spline Flows (Durkan, Bekasov, Murray, Papamakarios, 2019), arXiv:1906.04032.

    Args:
        latent: number of latent dimensions.
        context: number of context variables.
        transforms: number of coupling transforms.
        hidden: width of the two hidden layers of each transform's network.
    """

    title = "flow"
    works = ("Durkan:2019",)
    criterion = "prior_nll"
    evaluations = 1

    def __init__(self, latent: int, context: int, *, transforms: int, hidden: int) -> None:
        super().__init__(latent)
        self.flow = zuko.flows.NSF(
            latent,
            context,
            transforms=transforms,
            passes=2,
            randperm=True,
            hidden_features=(hidden, hidden),
        )

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        return cls(
            config.latent,
            context,
            transforms=config.flow_transforms,
            hidden=config.flow_hidden,
            **options,
        )

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        standard = (z - self.shift) / self.scale
        return self.flow(context).log_prob(standard) - self.scale.log().sum()

    def loss(self, z: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        return -self.log_prob(z, context)

    def from_noise(self, noise: Tensor, context: Tensor) -> Tensor:
        """Codes ``(B, L)`` of normal noise ``(B, L)`` for a context ``(B, C)``."""
        return self.flow(context).transform.inv(noise) * self.scale + self.shift

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        shape = (len(context), len(self.shift))
        noise = drawn(torch.randn, shape, generator=generator, dtype=context.dtype)
        return self.from_noise(noise.to(context.device), context)
