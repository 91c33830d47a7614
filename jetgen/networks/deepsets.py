r"""Deep sets: networks built from permutation-equivariant layers and symmetric pooling.

Each layer updates every particle from itself and from a pooled summary of its set,

.. math:: h_i \leftarrow h_i + \phi\big(W_1 h_i + W_2 [\mathrm{mean}_j h_j, c]\big)

with a residual connection. The cost grows linearly with the number of particles.

Reference:
    Deep Sets (Zaheer, Kottur, Ravanbakhsh, Poczos, Salakhutdinov, Smola, 2017),
    arXiv:1703.06114. Energy Flow Networks: Deep Sets for Particle Jets (Komiske, Metodiev,
    Thaler, 2018), arXiv:1810.05165.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from jetgen.networks.dense import mlp
from jetgen.networks.masking import masked, max_pool, mean_pool


class EquivariantLayer(nn.Module):
    """One residual layer of the module's formula; ``context`` is ``c`` with ``(B, context)``."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.own = nn.Linear(hidden, hidden)
        self.pooled = nn.Linear(hidden + context, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        summary = torch.cat([mean_pool(h, mask), context], dim=1)
        update = nn.functional.gelu(self.own(h) + self.pooled(summary).unsqueeze(1))
        return h + self.out(update)


class DeepSetsEncoder(nn.Module):
    """Permutation-invariant map of ``(B, N, F)`` particles to ``(B, outputs)``.

    Args:
        features: number of particle features ``F``.
        context: number of context columns ``C``.
        outputs: number of output columns.
        hidden: width of the layers.
        layers: number of equivariant layers.
    """

    def __init__(
        self, features: int, context: int, outputs: int, *, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.embed = mlp(features, hidden, hidden)
        self.layers = nn.ModuleList(EquivariantLayer(hidden, context) for _ in range(layers))
        self.head = mlp(2 * hidden + context, hidden, outputs)

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        h = self.embed(masked(particles, mask))
        for layer in self.layers:
            h = layer(h, mask, context)
        return self.head(torch.cat([mean_pool(h, mask), max_pool(h, mask), context], dim=1))


class DeepSetsDecoder(nn.Module):
    """Map of a latent code ``(B, L)`` to a set of particles ``(B, N, F)``.

    Every slot starts from a query that tells it apart: a learned vector a slot, or noise. The
    network is equivariant under permutations of the queries; which slot a particle comes from
    carries no meaning.

    Args:
        latent: number of latent columns ``L``.
        context: number of context columns ``C``.
        features: number of particle features ``F``.
        particles: largest number of particles (the number of learned queries).
        hidden: width of the layers.
        layers: number of equivariant layers.
        queries: ``learned`` or ``noise``.
    """

    def __init__(
        self,
        latent: int,
        context: int,
        features: int,
        *,
        particles: int,
        hidden: int,
        layers: int,
        queries: str,
    ) -> None:
        super().__init__()
        self.particles, self.hidden = particles, hidden
        if queries == "learned":
            self.queries = nn.Parameter(torch.randn(particles, hidden) / math.sqrt(hidden))
        else:
            self.register_parameter("queries", None)
            self.noise = nn.Linear(hidden, hidden)
        self.expand = mlp(latent + context, hidden, hidden)
        self.layers = nn.ModuleList(EquivariantLayer(hidden, hidden) for _ in range(layers))
        self.head = mlp(hidden, hidden, features)

    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        code = self.expand(torch.cat([z, context], dim=1))  # (B, hidden)
        if self.queries is None:
            shape = (*mask.shape, self.hidden)
            noise = torch.randn(shape, generator=generator, device=z.device, dtype=z.dtype)
            queries = self.noise(noise)
        else:
            queries = self.queries[: mask.shape[1]]
        h = queries + code.unsqueeze(1)
        for layer in self.layers:
            h = layer(h, mask, code)
        return masked(self.head(h), mask)
