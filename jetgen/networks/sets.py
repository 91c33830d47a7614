r"""Encoder and decoder for sets, common to all architectures that differ only in their layers.

An encoder embeds the particles, applies the layers, which exchange information between particles,
and pools the result. A decoder starts every slot from a query and the code, and applies the same
layers. The layers of an architecture are one module, ``(h (B, N, H), mask (B, N), context (B, C))``
to ``(B, N, H)``, which keeps the order of the slots and ignores padded slots; its output there is
finite and not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from jetgen.config.train import TrainConfig
from jetgen.networks.base import Decoder, Encoder
from jetgen.networks.dense import mlp
from jetgen.networks.masking import masked, max_pool, mean_pool
from jetgen.networks.queries import LearnedQueries, NoiseQueries


class SetUpdate(nn.Module):
    r"""Residual update of every particle with its own features and a summary of its set,

    .. math:: h_i \leftarrow h_i + \phi(W_1 h_i + W_2 s)

    Args:
        hidden: width of the particles' vectors ``(B, N, hidden)``.
        summary: width of the summary ``(B, summary)``.
    """

    def __init__(self, hidden: int, summary: int) -> None:
        super().__init__()
        self.own = nn.Linear(hidden, hidden)
        self.pooled = nn.Linear(summary, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, h: Tensor, summary: Tensor) -> Tensor:
        update = self.own(h).add_(self.pooled(summary).unsqueeze(1))
        return self.out(nn.functional.gelu(update)).add_(h)


class Layers(nn.ModuleList):
    """A sequence of ``layers`` layers of one kind."""

    kind: ClassVar[type[nn.Module]]
    """The class of a layer, constructed with ``(hidden, context)``."""

    def __init__(self, hidden: int, context: int, layers: int) -> None:
        super().__init__(self.kind(hidden, context) for _ in range(layers))

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        for layer in self:
            h = layer(h, mask, context)
        return h


class SetEncoder(Encoder):
    """Permutation-invariant map of ``(B, N, F)`` particles to ``(B, outputs)``.

    Args:
        features: number of particle features ``F``.
        context: number of context variables ``C``.
        outputs: number of outputs.
        hidden: width of the layers.
        layers: number of layers.
    """

    stack: ClassVar[type[nn.Module]]
    """The architecture's layers, made from ``(hidden, context, layers)``."""

    def __init__(
        self, features: int, context: int, outputs: int, *, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.embed = mlp(features, hidden, hidden)
        self.layers = self.stack(hidden, context, layers)
        self.head = mlp(2 * hidden + context, hidden, outputs)

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        h = self.layers(self.embed(masked(particles, mask)), mask, context)
        return self.head(torch.cat([mean_pool(h, mask), max_pool(h, mask), context], dim=1))


class SetDecoder(Decoder):
    """Map of a latent code ``(B, L)`` to a set of particles ``(B, N, F)``.

    Every slot starts from its own query; the network is equivariant under permutations of the
    queries.

    Args:
        latent: number of latent dimensions ``L``.
        context: number of context variables ``C``.
        features: number of particle features ``F``.
        particles: largest number of particles.
        hidden: width of the layers.
        layers: number of layers.
        queries: ``learned`` or ``noise``.
    """

    stack: ClassVar[type[nn.Module]]
    """The architecture's layers, made from ``(hidden, context, layers)``."""

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
        learned = queries == "learned"
        self.queries = LearnedQueries(particles, hidden) if learned else NoiseQueries(hidden)
        self.expand = mlp(latent + context, hidden, hidden)
        self.layers = self.stack(hidden, hidden, layers)
        self.head = mlp(hidden, hidden, features)

    @classmethod
    def build(
        cls, config: TrainConfig, context: int, features: int, options: Mapping[str, Any]
    ) -> Self:
        return super().build(config, context, features, {"queries": config.queries, **options})

    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        code = self.expand(torch.cat([z, context], dim=1))  # (B, hidden)
        h = self.queries(mask, generator) + code.unsqueeze(1)
        return masked(self.head(self.layers(h, mask, code)), mask)
