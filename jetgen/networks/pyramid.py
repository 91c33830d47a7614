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

from jetgen import processes
from jetgen.networks.dense import DenseDecoder, DenseEncoder
from jetgen.sharing import current_share, drawn, summed

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
            modules += [nn.Linear(before, after), nn.LeakyReLU(_SLOPE), Dropout(_DROPPED)]
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


class Dropout(nn.Dropout):
    """Dropout of ``(B, H)``, the same however a batch is divided over processes."""

    def forward(self, h: Tensor) -> Tensor:
        if not self.training or current_share() is None:
            return super().forward(h)
        return h * drawn(lambda shape: super(Dropout, self).forward(h.new_ones(shape)), h.shape)


class BatchNormalisation(nn.BatchNorm1d):
    """Batch normalisation of ``(B, H)``, over all processes.

    Fewer than two rows are normalised as in evaluation.
    """

    def forward(self, h: Tensor) -> Tensor:
        if processes.count() > 1 and self.training and (share := current_share()) is not None:
            return self._over_processes(h, h if share.counted else h[:0])
        if len(h) > 1:
            return super().forward(h)
        return self._as_in_evaluation(h)

    def _as_in_evaluation(self, h: Tensor) -> Tensor:
        return nn.functional.batch_norm(
            h, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )

    def _over_processes(self, h: Tensor, counted: Tensor) -> Tensor:
        number = summed(h.new_tensor(float(len(counted))))
        if number < 2:
            return self._as_in_evaluation(h)
        mean = summed(counted.sum(0)) / number
        variance = summed((counted - mean).square().sum(0)) / number
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * number / (number - 1), self.momentum)
        return (h - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias


def _widths(hidden: int, layers: int) -> list[int]:
    return [hidden * 2**i for i in range(layers)]
