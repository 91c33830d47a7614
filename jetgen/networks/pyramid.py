"""Fully connected networks that widen from the code to the particles: the inverted pyramid.

Each hidden layer of the decoder is twice as wide as the one before, starting at the width
``hidden`` (256, 512, 1024, 2048 in the published network); the encoder has the reverse structure.
The decoder uses batch normalisation. The encoder uses dropout of a quarter of each layer instead,
because the result of a discriminator with batch normalisation would depend on the other jets of the
batch. Like the dense networks these depend on the order of the slots.

In evaluation both process jets independently. In training the decoder does not: its layers are
normalised over the non-empty sets of the batch; padding is still ignored. A batch of a single set
has no variance; it is normalised as in evaluation.

Reference:
    Fast simulation of muons produced at the SHiP experiment using Generative Adversarial
    Networks (Ahdida et al., SHiP collaboration, 2019), arXiv:1909.04451.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from jetgen.networks.dense import DenseDecoder, DenseEncoder

_SLOPE = 0.2
"""Slope of the leaky ReLU for negative values."""

_DROPPED = 0.25
"""Dropout probability of the encoder in training."""


class PyramidEncoder(DenseEncoder):
    """``(B, N, F)`` particles, flattened slot by slot, to ``(B, outputs)``; layers get narrower.

    Dropout uses torch's global generator, in training only. The arguments are those of the dense
    encoder; ``hidden`` is the width of the narrowest hidden layer.
    """

    works = ("Ahdida:2019",)
    same_in_training = False  # dropout

    @staticmethod
    def stack(inputs: int, outputs: int, hidden: int, layers: int) -> nn.Module:
        widths = [inputs, *reversed(_widths(hidden, layers))]
        modules: list[nn.Module] = []
        for before, after in pairwise(widths):
            modules += [nn.Linear(before, after), nn.LeakyReLU(_SLOPE), nn.Dropout(_DROPPED)]
        return nn.Sequential(*modules, nn.Linear(widths[-1], outputs))


class PyramidDecoder(DenseDecoder):
    """``(B, L)`` latent codes to ``(B, N, F)`` particles, slot by slot; layers get wider.

    The arguments are those of the dense decoder; ``hidden`` is the width of the narrowest hidden
    layer.
    """

    works = PyramidEncoder.works
    same_in_training = False  # normalised over the batch

    @staticmethod
    def stack(inputs: int, outputs: int, hidden: int, layers: int) -> nn.Module:
        widths = [inputs, *_widths(hidden, layers)]
        modules: list[nn.Module] = []
        for before, after in pairwise(widths):
            modules += [nn.Linear(before, after), nn.LeakyReLU(_SLOPE), BatchNormalisation(after)]
        return nn.Sequential(*modules, nn.Linear(widths[-1], outputs))

    def forward(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        filled = mask.any(1)  # empty sets are excluded from the normalisation
        slots = super().forward(z[filled], mask[filled], context[filled], generator)
        made = slots.new_zeros(*mask.shape, self.features)
        made[filled] = slots
        return made


class BatchNormalisation(nn.BatchNorm1d):
    """Batch normalisation of ``(B, H)``; for fewer than two rows as in evaluation."""

    def forward(self, h: Tensor) -> Tensor:
        if len(h) > 1:
            return super().forward(h)
        return nn.functional.batch_norm(
            h, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


def _widths(hidden: int, layers: int) -> list[int]:
    return [hidden * 2**i for i in range(layers)]
