"""The discrete prior: a one-hot category and normal dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.priors.base import Prior
from jetgen.sharing import drawn


class DiscretePrior(Prior):
    r"""One of K equally probable categories, one-hot, and independent normal dimensions.

    .. math:: p(z) = \mathrm{Cat}\big(z_{1 \ldots K}; \tfrac1K\big) \prod_{i > K} N(z_i; 0, 1)

    The first K dimensions of an encoder's outputs pass through a softmax, so that its codes are
    differentiable while it learns the categories. There is no density on the space of codes: the
    prior is for objectives that only draw from it.

    Reference:
        Adversarial Autoencoders (Makhzani, Shlens, Jaitly, Goodfellow, Frey, 2015),
        arXiv:1511.05644, section 5.

    Args:
        latent: number of latent dimensions, at least ``categories``.
        categories: number of categories ``K``.
    """

    title = "discrete"
    works = ("Makhzani:2015",)
    has_density = False

    def __init__(self, latent: int, categories: int) -> None:
        super().__init__()
        self.latent, self.categories = latent, categories

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        return cls(config.latent, config.components, **options)

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            config.components <= config.latent,
            "components",
            f"at most the latent dimension, {config.latent}, with the discrete prior",
            config.components,
        )

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        categories = partial(torch.randint, self.categories)
        category = drawn(categories, (len(context),), generator=generator)
        shape = (len(context), self.latent - self.categories)
        style = drawn(torch.randn, shape, generator=generator, dtype=context.dtype)
        return torch.cat([one_hot(category, self.categories).to(style), style], 1).to(context)

    def constrain(self, codes: Tensor) -> Tensor:
        logits, style = codes.tensor_split([self.categories], dim=1)
        return torch.cat([logits.softmax(1), style], dim=1)
