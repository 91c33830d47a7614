"""A mixture of normal distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor

from jetgen.config.train import TrainConfig
from jetgen.priors.base import Prior
from jetgen.sharing import drawn

WIDTH = 0.5
"""Standard deviation of every component."""


class MixturePrior(Prior):
    r"""Equally probable normal components of equal width with means in random directions.

    .. math:: p(z) = \frac1K \sum_k N\big(z; \mu_k, \sigma^2\big), \qquad
              |\mu_k|^2 = L\,(1 - \sigma^2)

    with :math:`\sigma` = :data:`WIDTH`. The mean square of each dimension is then 1, as for the
    standard normal distribution. The directions are drawn once and stored with the model; in many
    dimensions they are nearly orthogonal and the components do not overlap.

    Reference:
        Adversarial Autoencoders (Makhzani, Shlens, Jaitly, Goodfellow, Frey, 2015),
        arXiv:1511.05644.

    Args:
        latent: number of latent dimensions ``L``.
        components: number of components ``K``.
    """

    title = "Gaussian mixture"
    works = ("Makhzani:2015",)

    means: Tensor

    def __init__(self, latent: int, components: int) -> None:
        super().__init__()
        directions = torch.nn.functional.normalize(torch.randn(components, latent), dim=1)
        self.register_buffer("means", directions * math.sqrt(latent * (1 - WIDTH**2)))

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        return cls(config.latent, config.components, **options)

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        standard = (z.unsqueeze(1) - self.means) / WIDTH  # (B, K, L)
        normal = -0.5 * standard.square().sum(2) - z.shape[1] * math.log(
            WIDTH * math.sqrt(2 * math.pi)
        )
        return normal.logsumexp(1) - math.log(len(self.means))

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        components, latent = self.means.shape
        chosen = drawn(partial(torch.randint, components), (len(context),), generator=generator)
        shape = (len(context), latent)
        noise = drawn(torch.randn, shape, generator=generator, dtype=context.dtype)
        return self.means[chosen.to(self.means.device)] + WIDTH * noise.to(context.device)
