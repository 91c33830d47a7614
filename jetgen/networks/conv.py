"""Convolutions over a jet as an image with one row per particle and one column per feature.

The first kernel covers all features of five neighbouring slots, the later ones all channels, so
that each is a convolution along the slots. The number of channels doubles from layer to layer, up
to ``hidden``, and a dense layer combines the slots; the decoder has the reverse structure. Like the
dense networks these depend on the order of the slots (falling pT in jetgen).

Reference:
    Sparse Data Generation for Particle-Based Simulation of Hadronic Jets in the LHC (Orzari,
    Tomei, Pierini, Touranakou, Duarte, Kansal, Vlimant, Gunopulos, 2021), arXiv:2109.15197.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from jetgen.networks.base import Decoder
from jetgen.networks.dense import OrderedEncoder, mlp
from jetgen.networks.masking import masked

_KERNEL = 5


class ConvEncoder(OrderedEncoder):
    """``(B, N, F)`` particles to ``(B, outputs)``.

    Args:
        features: number of particle features ``F``.
        context: number of context variables ``C``.
        outputs: number of outputs.
        particles: largest number of particles ``N``; smaller inputs are padded with zeros.
        hidden: channels of the last convolution and width of the dense layer.
        layers: number of convolutions.
    """

    works = ("Orzari:2021",)

    def __init__(
        self, features: int, context: int, outputs: int, *, particles: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.particles = particles
        self.convolutions = _convolutions(features, *_channels(hidden, layers))
        self.head = mlp(particles * hidden + context, hidden, outputs)

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        blanks = self.particles - particles.shape[1]
        image = nn.functional.pad(masked(particles, mask), (0, 0, 0, blanks)).transpose(1, 2)
        slots = torch.relu(self.convolutions(image))  # (B, hidden, particles)
        return self.head(torch.cat([slots.flatten(1), context], dim=1))


class ConvDecoder(Decoder):
    """``(B, L)`` latent codes to ``(B, N, F)`` particles, slot by slot.

    Args:
        latent: number of latent dimensions ``L``.
        context: number of context variables ``C``.
        features: number of particle features ``F``.
        particles: largest number of particles.
        hidden: channels of the first convolution and width of the dense layer.
        layers: number of convolutions.
    """

    ordered = True
    works = ConvEncoder.works

    def __init__(
        self, latent: int, context: int, features: int, *, particles: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.hidden = hidden
        self.expand = mlp(latent + context, hidden, particles * hidden)
        self.convolutions = _convolutions(*reversed(_channels(hidden, layers)), features)

    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        slots = torch.relu(self.expand(torch.cat([z, context], dim=1)))
        image = self.convolutions(slots.unflatten(1, (self.hidden, -1)))
        return masked(image.transpose(1, 2)[:, : mask.shape[1]], mask)


def _channels(hidden: int, layers: int) -> list[int]:
    """Number of channels after each convolution of the encoder, doubling up to ``hidden``."""
    return [max(1, hidden // 2**i) for i in reversed(range(layers))]


def _convolutions(*channels: int) -> nn.Sequential:
    """Convolutions that keep the number of slots, with ReLU between them."""
    modules: list[nn.Module] = []
    for before, after in pairwise(channels):
        modules += [nn.Conv1d(before, after, _KERNEL, padding="same"), nn.ReLU()]
    return nn.Sequential(*modules[:-1])
