"""Slot-by-slot squared error, for decoders with a fixed order of particles."""

from __future__ import annotations

from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.losses.reduction import Reduction
from jetgen.losses.slots import Normalisation, SlotLoss, slot_by_slot


@takes_arrays
def mse(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    normalisation: Normalisation = "mean",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``sum_i |x_i - y_i|^2`` slot by slot, divided by the number of slots and features.

    Masks, shapes and the counted slots are those of :func:`jetgen.losses.slots.slot_by_slot`.

    >>> import torch
    >>> x, y = torch.ones(1, 2, 3), torch.zeros(1, 2, 3)
    >>> mse(x, torch.ones(1, 2, dtype=bool), y, torch.zeros(1, 2, dtype=bool))
    tensor([1.])
    """
    return slot_by_slot(
        lambda a, b: (a - b).square(),
        x, x_mask, y, y_mask, normalisation=normalisation, reduction=reduction,
    )  # fmt: skip


class MSE(SlotLoss):
    """:func:`mse` as a module, with its options stored."""

    def __init__(
        self, *, normalisation: Normalisation = "mean", reduction: Reduction = "none"
    ) -> None:
        super().__init__(mse, normalisation=normalisation, reduction=reduction)
