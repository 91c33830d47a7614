"""Slot-by-slot binary cross-entropy, for features in [0, 1] and decoders with a fixed order."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.conversion import takes_arrays
from jetgen.losses.reduction import Reduction
from jetgen.losses.slots import Normalisation, SlotLoss, slot_by_slot

_MARGIN = 1e-6
"""Nearest to 0 and 1 that a decoded value comes, so that its logarithm stays finite."""


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
    r"""``-sum_i [y_i log x_i + (1 - y_i) log(1 - x_i)]`` slot by slot, not symmetric, over the
    number of slots and features.

    Smallest where ``x = y``, but not zero there: it is the entropy of ``y``. Targets ``y`` beyond
    [0, 1] are taken at its ends. Masks, shapes and what counts are those of
    :func:`jetgen.losses.slots.slot_by_slot`.

    Args:
        x: decoded values in [0, 1], as a sigmoid gives them.
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
    """:func:`bce` with its options fixed."""

    unit_features = True

    def __init__(
        self, *, normalisation: Normalisation = "mean", reduction: Reduction = "none"
    ) -> None:
        super().__init__(bce, normalisation=normalisation, reduction=reduction)
