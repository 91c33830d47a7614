"""Velocity networks for flow matching, for the particles of a set and for latent codes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from jetgen.networks.dense import mlp
from jetgen.networks.masking import masked

FREQUENCIES = 8
"""Number of sines, and of cosines, that encode the time."""


class SetVelocity(nn.Module):
    """Map of particles ``(B, N, F)`` and a time to their velocities ``(B, N, F)``.

    Permutation-equivariant, and zero where masked; uses the layers of any network over sets.

    Args:
        stack: class of the architecture's layers, constructed with ``(hidden, context, layers)``.
        features: number of particle features ``F``.
        context: number of context variables ``C``.
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
    """Map of codes ``(B, L)`` and a time to their velocities ``(B, L)``, with three hidden layers.

    Args:
        latent: number of latent dimensions ``L``.
        context: number of context variables ``C``.
        hidden: width of the layers.
    """

    def __init__(self, latent: int, context: int, *, hidden: int) -> None:
        super().__init__()
        inputs = latent + 2 * FREQUENCIES + context
        self.network = mlp(inputs, hidden, hidden, hidden, latent)

    def forward(self, z: Tensor, time: Tensor, context: Tensor) -> Tensor:
        """Velocities at the times ``(B,)`` in [0, 1]."""
        return self.network(torch.cat([z, _waves(time), context], dim=1))


def _waves(time: Tensor) -> Tensor:
    """``(B, 2 FREQUENCIES)`` values ``cos(pi k t)`` and ``sin(pi k t)``."""
    multiples = torch.arange(1, FREQUENCIES + 1, device=time.device, dtype=time.dtype)
    angles = math.pi * time.unsqueeze(1) * multiples
    return torch.cat([angles.cos(), angles.sin()], dim=1)
