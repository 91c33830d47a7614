"""Multi-head attention with padded slots."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

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
        query = self._split(self.query(queries))
        key, value = map(self._split, self.key_value(sources).chunk(2, dim=-1))
        if mask is None:
            return self._joined(scaled_dot_product_attention(query, key, value))
        empty = ~mask.any(1, keepdim=True)
        seen = (mask | empty)[:, None, None]  # a row without any source would not be finite
        result = self._joined(scaled_dot_product_attention(query, key, value, seen))
        return result.masked_fill(empty.unsqueeze(-1), 0.0)

    def _joined(self, heads: Tensor) -> Tensor:
        return self.out(heads.transpose(1, 2).flatten(2))

    def _split(self, vectors: Tensor) -> Tensor:
        return vectors.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, d)
