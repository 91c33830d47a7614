"""Velocities at a time between noise and data: of the particles of a set, of latent codes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from jetgen.networks.dense import mlp
from jetgen.networks.masking import masked

FREQUENCIES = 8
"""Number of sines and of cosines that tell a network the time."""


class SetVelocity(nn.Module):
    """Map of particles ``(B, N, F)`` and a time to their velocities ``(B, N, F)``.

    Permutation-equivariant, and zero where masked; made of the layers of any network over sets.

    Args:
        stack: the architecture's layers, made from ``(hidden, context, layers)``.
        features: number of particle features ``F``.
        context: number of context columns ``C``.
        hidden: width of the layers.
        layers: number of layers.
    """

    def __init__(
        self, stack: type[nn.Module], features: int, context: int, *, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.embed = mlp(features, hidden, hidden)
        self.expand = mlp(2 * FREQUENCIES + context, hidden, hidden)
        self.layers = stack(hidden, hidden, layers)
        self.head = mlp(hidden, hidden, features)

    def forward(self, particles: Tensor, time: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """Velocities at the times ``(B,)`` in [0, 1]."""
        code = self.expand(torch.cat([_waves(time), context], dim=1))  # (B, hidden)
        h = self.embed(masked(particles, mask)) + code.unsqueeze(1)
        return masked(self.head(self.layers(h, mask, code)), mask)


class CodeVelocity(nn.Module):
    """Map of codes ``(B, L)`` and a time to their velocities ``(B, L)``: three hidden layers.

    Args:
        latent: number of latent columns ``L``.
        context: number of context columns ``C``.
        hidden: width of the layers.
    """

    def __init__(self, latent: int, context: int, *, hidden: int) -> None:
        super().__init__()
        columns = latent + 2 * FREQUENCIES + context
        self.network = mlp(columns, hidden, hidden, hidden, latent)

    def forward(self, z: Tensor, time: Tensor, context: Tensor) -> Tensor:
        """Velocities at the times ``(B,)`` in [0, 1]."""
        return self.network(torch.cat([z, _waves(time), context], dim=1))


def _waves(time: Tensor) -> Tensor:
    """Cosines and sines ``(B, 2 FREQUENCIES)`` of half turns and their multiples."""
    multiples = torch.arange(1, FREQUENCIES + 1, device=time.device, dtype=time.dtype)
    angles = math.pi * time.unsqueeze(1) * multiples
    return torch.cat([angles.cos(), angles.sin()], dim=1)
