"""Slot-by-slot binary cross-entropy, for features in [0, 1] and decoders with a fixed order."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.losses.reduction import Reduction
from jetgen.losses.slots import Normalisation, SlotLoss, slot_by_slot

_MARGIN = 1e-6
"""Decoded values are clamped to [margin, 1 - margin], so that their logarithms are finite."""


@takes_arrays
def bce(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    normalisation: Normalisation = "mean",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``-sum_i [y_i log x_i + (1 - y_i) log(1 - x_i)]`` slot by slot: a mean, not symmetric.

    The sum over features and slots is divided by their number. The minimum is at ``x = y``, where
    the value is the entropy of ``y``, not zero. Targets ``y`` are clamped to [0, 1]. Masks, shapes
    and the counted slots are those of :func:`jetgen.losses.slots.slot_by_slot`.

    Args:
        x: decoded values in [0, 1], the output of a sigmoid.
        y: targets.

    Reference:
        Auto-Encoding Variational Bayes (Kingma, Welling, 2013), arXiv:1312.6114, appendix C.1.

    >>> half, real = torch.full((1, 1, 2), 0.5), torch.ones(1, 1, dtype=bool)
    >>> bce(half, real, torch.tensor([[[0.0, 1.0]]]), real)
    tensor([0.6931])
    """
    return slot_by_slot(
        _cross_entropy,
        x, x_mask, y, y_mask, normalisation=normalisation, reduction=reduction,
    )  # fmt: skip


def _cross_entropy(x: Tensor, y: Tensor) -> Tensor:
    x, y = x.clamp(_MARGIN, 1 - _MARGIN), y.clamp(0, 1)
    return -(y * torch.log(x) + (1 - y) * torch.log1p(-x))


class BCE(SlotLoss):
    """:func:`bce` as a module, with its options stored."""

    unit_features = True

    def __init__(
        self, *, normalisation: Normalisation = "mean", reduction: Reduction = "none"
    ) -> None:
        super().__init__(bce, normalisation=normalisation, reduction=reduction)
