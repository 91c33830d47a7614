r"""Transformers over sets: masked attention via induced points.

A few induced points, which are learned and shifted by a summary of the set, attend to the
particles, and the particles attend to the points,

.. math::
    p_k &\leftarrow p_k + \mathrm{attention}(p_k; \{h_j\}), \qquad
    p_k = q_k + W_s [\mathrm{mean}_j h_j, c] \\
    h_i &\leftarrow h_i + \mathrm{attention}(h_i; \{p_k\}) \\
    h_i &\leftarrow h_i + \mathrm{mlp}(h_i)

with layer norms before the sums. Padded slots are never attended to; in an empty set the attention
is zero and the points are not updated. The cost grows linearly with the number of particles;
attention between all particles would grow with its square.

Reference:
    Set Transformer: A Framework for Attention-based Permutation-Invariant Neural Networks (Lee,
    Lee, Kim, Kosiorek, Choi, Teh, 2018), arXiv:1810.00825. Evaluating generative models in high
    energy physics (Kansal, Li, Duarte, Chernyavskaya, Pierini, Orzari, Tomei, 2022; its GAPT),
    arXiv:2211.10295.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.networks.dense import mlp
from jetgen.networks.masking import mean_pool
from jetgen.networks.multihead import Attention
from jetgen.networks.sets import Layers, SetDecoder, SetEncoder

_POINTS = 16


class InducedAttentionLayer(nn.Module):
    """One layer of the formula above; ``context`` is the number of variables in ``c``."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.points = nn.Parameter(torch.randn(_POINTS, hidden))
        self.shift = nn.Linear(hidden + context, hidden)
        self.norm_particles, self.norm_points = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.collect, self.spread = Attention(hidden), Attention(hidden)
        self.norm_update = nn.LayerNorm(hidden)
        self.update = mlp(hidden, hidden, hidden)

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        summary = self.shift(torch.cat([mean_pool(h, mask), context], dim=1))
        points = self.points + summary.unsqueeze(1)  # (B, points, hidden)
        particles = self.norm_particles(h)
        points = self.norm_points(points + self.collect(points, particles, mask))
        h = self.spread(particles, points).add_(h)
        return self.update(self.norm_update(h)).add_(h)


class TransformerLayers(Layers):
    """A sequence of layers."""

    kind = InducedAttentionLayer


class TransformerEncoder(SetEncoder):
    """Encoder with induced attention."""

    stack = TransformerLayers
    works = ("Lee:2018", "Kansal:2022")


class TransformerDecoder(SetDecoder):
    """Decoder with induced attention."""

    stack = TransformerLayers
    works = TransformerEncoder.works
