r"""Deep sets: networks made of permutation-equivariant layers and symmetric pooling.

Each layer updates every particle with its own features and a pooled summary of its set,

.. math:: h_i \leftarrow h_i + \phi\big(W_1 h_i + W_2 [\mathrm{mean}_j h_j, c]\big)

with a residual connection. The cost grows linearly with the number of particles.

Reference:
    Deep Sets (Zaheer, Kottur, Ravanbakhsh, Poczos, Salakhutdinov, Smola, 2017),
    arXiv:1703.06114. Energy Flow Networks: Deep Sets for Particle Jets (Komiske, Metodiev,
    Thaler, 2018), arXiv:1810.05165.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.networks.masking import mean_pool
from jetgen.networks.sets import Layers, SetDecoder, SetEncoder, SetUpdate


class EquivariantLayer(nn.Module):
    """One layer of the formula above; ``context`` is the number of variables in ``c``."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.update = SetUpdate(hidden, hidden + context)

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        return self.update(h, torch.cat([mean_pool(h, mask), context], dim=1))


class DeepSetsLayers(Layers):
    """A sequence of layers."""

    kind = EquivariantLayer


class DeepSetsEncoder(SetEncoder):
    """Encoder of deep sets."""

    stack = DeepSetsLayers
    works = ("Zaheer:2017", "Komiske:2018")


class DeepSetsDecoder(SetDecoder):
    """Decoder of deep sets."""

    stack = DeepSetsLayers
    works = DeepSetsEncoder.works
