"""Initial vectors of the slots of a decoder, which distinguish its particles.

Every slot starts from a vector. It is either learned and the same for every jet, so that a code
always gives the same particles, or noise, so that each call gives different ones. In both cases the
slot of a particle has no meaning.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from jetgen.sharing import drawn


class LearnedQueries(nn.Module):
    """A learned vector for each of ``particles`` slots."""

    def __init__(self, particles: int, hidden: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(particles, hidden) / math.sqrt(hidden))

    def forward(self, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Vectors ``(N, hidden)`` for the slots of ``mask (B, N)``."""
        return self.vectors[: mask.shape[1]]


class NoiseQueries(nn.Module):
    """Normal noise through a linear layer."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden, hidden)

    def forward(self, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Vectors ``(B, N, hidden)`` for ``mask (B, N)``, drawn on the device of the generator."""
        weight = self.linear.weight
        place = weight.device if generator is None else generator.device
        shape = (*mask.shape, weight.shape[1])
        noise = drawn(torch.randn, shape, generator=generator, device=place, dtype=weight.dtype)
        return self.linear(noise.to(weight.device))
