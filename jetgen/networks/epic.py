r"""Equivariant point cloud (EPiC) layers: particles exchange information via a global vector.

Each layer updates the global vector from pooled particles and from itself, then the particles from
it,

.. math::
    g &\leftarrow g + \phi_g\big([\mathrm{mean}_j h_j, \; s\,\mathrm{sum}_j h_j, \; g, \; c]\big) \\
    h_i &\leftarrow h_i + \phi_h\big([h_i, g]\big)

with two linear layers in each :math:`\phi` and a fixed scale :math:`s`. Unlike the summary of deep
sets the global vector is passed on from one layer to the next, and the sum depends on the size of
the set. The cost grows linearly with the number of particles.

Reference:
    EPiC-GAN: Equivariant Point Cloud Generation for Particle Jets (Buhmann, Kasieczka, Thaler,
    2023), arXiv:2301.08128.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jetgen.networks.dense import mlp
from jetgen.networks.masking import mean_pool
from jetgen.networks.sets import SetDecoder, SetEncoder, SetUpdate

_SUM_SCALE = 0.01
"""Scales the sum over a hundred particles to the magnitude of their mean."""


class EpicLayer(nn.Module):
    """One layer of the formula above, for ``h (B, N, hidden)`` and ``g (B, hidden)``."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.gather = mlp(3 * hidden + context, hidden, hidden)
        self.update = SetUpdate(hidden, hidden)

    def forward(self, h: Tensor, g: Tensor, mask: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        g = g + self.gather(torch.cat([*mean_and_sum(h, mask), g, context], dim=1))
        return self.update(h, g), g


class EpicLayers(nn.Module):
    """A sequence of layers with a common global vector, initialised from the pooled set."""

    def __init__(self, hidden: int, context: int, layers: int) -> None:
        super().__init__()
        self.start = mlp(2 * hidden + context, hidden, hidden)
        self.layers = nn.ModuleList(EpicLayer(hidden, context) for _ in range(layers))

    def forward(self, h: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        g = self.start(torch.cat([*mean_and_sum(h, mask), context], dim=1))
        for layer in self.layers:
            h, g = layer(h, g, mask, context)
        return h


def mean_and_sum(h: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and scaled sum ``(B, H)`` over the particles of each set; zero for an empty set."""
    mean = mean_pool(h, mask)
    return mean, mean * (_SUM_SCALE * mask.sum(1, keepdim=True)).to(mean)


class EpicEncoder(SetEncoder):
    """Encoder of EPiC layers."""

    stack = EpicLayers
    works = ("Buhmann:2023a",)


class EpicDecoder(SetDecoder):
    """Decoder of EPiC layers."""

    stack = EpicLayers
    works = EpicEncoder.works
