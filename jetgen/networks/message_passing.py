r"""Message passing over all pairs of particles.

Every particle receives messages from all particles of its set, including itself,

.. math::
    m_i &= \tfrac1n \sum_j W_m\,\mathrm{relu}\big(W_a h_i + W_b h_j + w_d\,d_{ij}^2\big), \qquad
    d_{ij} = \lVert W_p (h_i - h_j) \rVert \\
    h_i &\leftarrow h_i + W_o\,\phi\big(W_h h_i + m_i + W_s [\mathrm{mean}_j h_j, c]\big)

The first layer of the message network is linear in sender and receiver, so its products are
computed per particle and only their sum per pair; the last one, :math:`W_m`, is linear, so it is
applied after the sum over senders. The remaining work per pair, :mod:`jetgen.networks.pairs`,
contains no matrix product. Time grows with the square of the number of particles, memory linearly.

Reference:
    Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal,
    Duarte, Su, Orzari, Tomei, Pierini, Touranakou, Vlimant, Gunopulos, 2021), arXiv:2106.11535.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.networks.masking import mean_pool
from jetgen.networks.pairs import mean_message
from jetgen.networks.sets import Layers, SetDecoder, SetEncoder

_WIDTH_RATIO = 4
"""Ratio of the width of particles to that of messages, which are much more numerous."""

_COORDINATES = 3
"""Number of dimensions of the learned positions, whose distances enter the messages."""


class MessageLayer(nn.Module):
    """One layer of the formula above; ``context`` is the number of variables in ``c``."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        width = max(1, hidden // _WIDTH_RATIO)
        self.widths = [hidden, width, width, _COORDINATES]
        self.project = nn.Linear(hidden, sum(self.widths))
        self.distance = nn.Linear(1, width, bias=False)
        self.message = nn.Linear(width, hidden, bias=False)
        self.pooled = nn.Linear(hidden + context, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        own, receiver, sender, position = self.project(h).split(self.widths, dim=-1)
        received = mean_message(receiver, sender, position, self.distance.weight[:, 0], mask)
        summary = self.pooled(torch.cat([mean_pool(h, mask), context], dim=1))
        update = self.message(received).add_(own).add_(summary.unsqueeze(1))
        return self.out(nn.functional.gelu(update)).add_(h)


class MessageLayers(Layers):
    """A sequence of layers."""

    kind = MessageLayer


class MessagePassingEncoder(SetEncoder):
    """Encoder with fully connected message passing."""

    stack = MessageLayers
    works = ("Kansal:2021",)


class MessagePassingDecoder(SetDecoder):
    """Decoder with fully connected message passing."""

    stack = MessageLayers
    works = MessagePassingEncoder.works
