"""Multi-head attention with padded slots."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_HEADS = 4


class Attention(nn.Module):
    r"""Multi-head attention :math:`\mathrm{softmax}_j(q_i \cdot k_j / \sqrt{d})\, v_j`.

    Args:
        hidden: width of queries, keys and values. There are four heads, or fewer if four do not
            divide it.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.heads = math.gcd(_HEADS, hidden)
        self.query = nn.Linear(hidden, hidden)
        self.key_value = nn.Linear(hidden, 2 * hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, queries: Tensor, sources: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend from ``queries (B, M, hidden)`` to ``sources (B, N, hidden)``.

        ``mask (B, N)`` is true for the sources that are attended to, by default all; without any
        the result is zero.
        """
        query = self._split(self.query(queries)) / math.sqrt(queries.shape[-1] / self.heads)
        key, value = map(self._split, self.key_value(sources).chunk(2, dim=-1))
        scores = query @ key.transpose(2, 3)  # (B, heads, M, N)
        if mask is not None:
            # The lowest number, not minus infinity: a fully masked row stays finite.
            scores = scores.masked_fill(~mask[:, None, None], torch.finfo(scores.dtype).min)
        result = self.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))
        return result if mask is None else result * mask.any(1)[:, None, None]

    def _split(self, vectors: Tensor) -> Tensor:
        return vectors.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, d)
