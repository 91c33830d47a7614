"""Distribution of the number of particles, given the latent code."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.networks.dense import mlp
from jetgen.sharing import drawn


class LatentMultiplicity(nn.Module):
    r"""A categorical distribution :math:`p(n \mid z)` over 0 ... N particles.

    Args:
        latent: number of latent dimensions.
        particles: the largest number of particles ``N``.
        hidden: width of the hidden layer.
    """

    def __init__(self, latent: int, particles: int, hidden: int) -> None:
        super().__init__()
        self.network = mlp(latent, hidden, particles + 1)

    def negative_log_likelihood(self, z: Tensor, multiplicity: Tensor) -> Tensor:
        r""":math:`-\log p(n \mid z)` ``(B,)``."""
        return nn.functional.cross_entropy(self.network(z), multiplicity, reduction="none")

    def draw(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Numbers of particles ``(B,)``, drawn for codes ``(B, L)``."""
        probabilities = self.network(z).softmax(1).cpu()
        # as torch.multinomial draws one number
        exponential = drawn(_exponential, tuple(probabilities.shape), generator=generator)
        return (probabilities / exponential).argmax(1).to(z.device)


def _exponential(shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    return torch.empty(shape).exponential_(generator=generator)
