"""The standard normal prior."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from jetgen.priors.base import Prior
from jetgen.sharing import drawn


class GaussianPrior(Prior):
    r""":math:`p(z) = \prod_i N(z_i; 0, 1)`, independent of the context."""

    title = "Gaussian"

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.latent = latent

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)

    def from_noise(self, noise: Tensor, context: Tensor) -> Tensor:
        """Codes ``(B, L)`` of normal noise ``(B, L)``: the noise itself."""
        return noise

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        shape = (len(context), self.latent)
        noise = drawn(torch.randn, shape, generator=generator, dtype=context.dtype)
        return noise.to(context.device)
