"""A normal distribution of codes whose means and widths follow from the conditions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from jetgen.priors.base import Prior
from jetgen.sharing import drawn


class ConditionalGaussianPrior(Prior):
    r""":math:`p(z \mid c) = \prod_i N(z_i; \mu_i(c), \sigma_i(c)^2)`, by a network of the context.

    It begins as the standard normal distribution.

    Reference:
        Learning Structured Output Representation using Deep Conditional Generative Models (Sohn,
        Yan, Lee, NeurIPS 2015), whose conditional prior it is.

    Args:
        latent: number of latent dimensions ``L``.
        context: number of context variables ``C``.
        hidden: width of the hidden layer.
    """

    title = "conditional Gaussian"

    def __init__(self, latent: int, context: int, hidden: int) -> None:
        super().__init__()
        last = nn.Linear(hidden, 2 * latent)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(nn.Linear(context, hidden), nn.GELU(), last)

    def moments(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances ``(B, L)`` for contexts ``(B, C)``."""
        mean, log_variance = self.network(context).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-12.0, 6.0)

    def divergence(self, mean: Tensor, log_variance: Tensor, context: Tensor) -> Tensor:
        r"""``(B,)`` nats, the Kullback-Leibler divergence of normal posteriors to this prior.

        .. math:: \tfrac12 \sum_i \left( \log\frac{\sigma_i(c)^2}{s_i^2}
                  + \frac{s_i^2 + (m_i - \mu_i(c))^2}{\sigma_i(c)^2} - 1 \right)
        """
        centre, log_width = self.moments(context)
        apart = (log_variance.exp() + (mean - centre).square()) / log_width.exp()
        return 0.5 * (log_width - log_variance + apart - 1).sum(1)

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        mean, log_variance = self.moments(context)
        squared = (z - mean).square() / log_variance.exp()
        return -0.5 * (squared + log_variance + math.log(2 * math.pi)).sum(1)

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        mean, log_variance = self.moments(context)
        noise = drawn(torch.randn, mean.shape, generator=generator, dtype=mean.dtype)
        return mean + (0.5 * log_variance).exp() * noise.to(mean.device)
