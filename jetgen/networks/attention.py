r"""Transformers with attention between all pairs of particles.

.. math::
    h_i &\leftarrow h_i + \mathrm{attention}(h_i; \{h_j\}) \\
    h_i &\leftarrow h_i + W_o\,\mathrm{gelu}\big(W_h h_i + W_s [\mathrm{mean}_j h_j, c]\big)

with layer norms before the sums. Padded slots are never attended to. Time and memory grow with the
square of the number of particles; with 30 particles the matrix products of single particles still
cost most.

Reference:
    Attention Is All You Need (Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser,
    Polosukhin, 2017), arXiv:1706.03762.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.networks.masking import mean_pool
from jetgen.networks.multihead import Attention
from jetgen.networks.sets import Layers, SetDecoder, SetEncoder


class AttentionLayer(nn.Module):
    """One layer of the formula above; ``context`` is the number of variables in ``c``."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_update = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.attention = Attention(hidden)
        self.own = nn.Linear(hidden, hidden)
        self.pooled = nn.Linear(hidden + context, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        normed = self.norm_attention(h)
        h = self.attention(normed, normed, mask).add_(h)
        normed = self.norm_update(h)
        summary = self.pooled(torch.cat([mean_pool(normed, mask), context], dim=1))
        update = self.own(normed).add_(summary.unsqueeze(1))
        return self.out(nn.functional.gelu(update)).add_(h)


class AttentionLayers(Layers):
    """A sequence of layers."""

    kind = AttentionLayer


class AttentionEncoder(SetEncoder):
    """Encoder with attention between all particles."""

    stack = AttentionLayers
    works = ("Vaswani:2017",)


class AttentionDecoder(SetDecoder):
    """Decoder with attention between all particles."""

    stack = AttentionLayers
    works = AttentionEncoder.works
