"""Fully connected networks that widen from the code to the particles: the inverted pyramid.

Each of the decoder's hidden layers is twice as wide as the one before, from the given width on
(256, 512, 1024, 2048 in the published network, scaled by one factor); the encoder goes the way
back. The decoder normalises each layer over the batch; the encoder drops a quarter of each layer
at random instead, since a discriminator that normalised its batches would see one jet through
the others. Like the dense networks these see the order of the slots.

In evaluation both treat jets independently. In training the decoder does not: its layers are
normalised over the sets of the batch, without the empty ones, and padding still has no part in
it. A batch of a single set has no spread; it is normalised as in evaluation.

Reference:
    Fast simulation of muons produced at the SHiP experiment using Generative Adversarial
    Networks (Ahdida et al., SHiP collaboration, 2019), arXiv:1909.04451.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from jetgen.networks.masking import masked

_SLOPE = 0.2
"""Of the leaky ReLU below zero."""

_DROPPED = 0.25
"""Share of a layer's outputs that the encoder drops in training."""


class PyramidEncoder(nn.Module):
    """``(B, N, F)`` particles, flattened slot by slot, to ``(B, outputs)``; narrows.

    Dropped outputs are drawn from torch's own generator, in training only.

    Args:
        features: number of particle features ``F``.
        context: number of context columns ``C``.
        outputs: number of output columns.
        particles: largest number of particles ``N``; smaller inputs are padded with zeros.
        hidden: width of the narrowest hidden layer.
        layers: number of hidden layers.
    """

    def __init__(
        self, features: int, context: int, outputs: int, *, particles: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.particles = particles
        widths = [particles * features + context, *reversed(_widths(hidden, layers))]
        modules: list[nn.Module] = []
        for before, after in pairwise(widths):
            modules += [nn.Linear(before, after), nn.LeakyReLU(_SLOPE), nn.Dropout(_DROPPED)]
        self.network = nn.Sequential(*modules, nn.Linear(widths[-1], outputs))

    def forward(self, particles: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        blanks = self.particles - particles.shape[1]
        padded = nn.functional.pad(masked(particles, mask), (0, 0, 0, blanks))
        return self.network(torch.cat([padded.flatten(1), context], dim=1))


class PyramidDecoder(nn.Module):
    """``(B, L)`` latent codes to ``(B, N, F)`` particles, slot by slot; widens.

    Args:
        latent: number of latent columns ``L``.
        context: number of context columns ``C``.
        features: number of particle features ``F``.
        particles: largest number of particles.
        hidden: width of the narrowest hidden layer.
        layers: number of hidden layers.
    """

    def __init__(
        self, latent: int, context: int, features: int, *, particles: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.features = features
        widths = [latent + context, *_widths(hidden, layers)]
        modules: list[nn.Module] = []
        for before, after in pairwise(widths):
            modules += [nn.Linear(before, after), nn.LeakyReLU(_SLOPE), BatchNormalisation(after)]
        self.network = nn.Sequential(*modules, nn.Linear(widths[-1], particles * features))

    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        filled = mask.any(1)
        made = self.network(torch.cat([z, context], dim=1)[filled])  # (sets with particles, N F)
        slots = made.new_zeros(len(mask), made.shape[1])
        slots[filled] = made
        return masked(slots.unflatten(1, (-1, self.features))[:, : mask.shape[1]], mask)


class BatchNormalisation(nn.BatchNorm1d):
    """Normalisation of ``(B, H)`` over the batch; of less than two rows as in evaluation."""

    def forward(self, h: Tensor) -> Tensor:
        if len(h) > 1:
            return super().forward(h)
        return nn.functional.batch_norm(
            h, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


def _widths(hidden: int, layers: int) -> list[int]:
    return [hidden * 2**i for i in range(layers)]
