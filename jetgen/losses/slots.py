"""Base of the losses that compare sets slot by slot, for decoders with a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor
from torch.nn.functional import pad

from jetgen.arguments import takes_arrays
from jetgen.losses.base import ReconstructionLoss
from jetgen.losses.reduction import Reduction, prepare, reduce, require_choice, zero_padding

Normalisation = Literal["sum", "mean"]


def slot_by_slot(
    difference: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    normalisation: Normalisation,
    reduction: Reduction,
) -> Tensor:
    """Sum of the differences of all features in all slots, or their mean.

    A slot counts if it is real in either set; if it is padded in the other set, that set's vector
    is zero, as for the zero-padded jets of the classic fixed-order baseline (whose decoder fills
    every slot: an ``x_mask`` of ones). Pass the same mask for both sets to exclude padding. The
    order of slots matters; the value is invariant only under a permutation common to both sets.

    Args:
        difference: element-wise function of ``(B, S, D)`` and ``(B, S, D)``.
        x, y: ``(B, N, D)`` and ``(B, M, D)``; the shorter one is padded.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool.
        normalisation: ``sum``, or ``mean`` which divides by the number of counted slots times
            ``D``.
        reduction: reduction of the per-jet values.

    Returns:
        ``(B,)``, or reduced; zero for two empty sets.
    """
    require_choice("normalisation", normalisation, ("sum", "mean"))
    x, y = prepare(x, x_mask, y, y_mask)
    missing = x.shape[1] - y.shape[1]
    x, x_mask = pad(x, (0, 0, 0, max(-missing, 0))), pad(x_mask, (0, max(-missing, 0)))
    y, y_mask = pad(y, (0, 0, 0, max(missing, 0))), pad(y_mask, (0, max(missing, 0)))
    counted = x_mask | y_mask
    values = zero_padding(difference(x, y), counted).sum((1, 2))
    if normalisation == "mean":
        values = values / (counted.sum(1) * x.shape[2]).clamp(min=1)
    return reduce(values, reduction)


class SlotLoss(ReconstructionLoss):
    """Such a loss as a module, with its options stored."""

    ordered = True

    def __init__(
        self,
        loss: Callable[..., Tensor],
        *,
        normalisation: Normalisation = "mean",
        reduction: Reduction = "none",
    ) -> None:
        super().__init__()
        self.loss = loss
        self.normalisation: Normalisation = normalisation
        self.reduction: Reduction = reduction

    @takes_arrays
    def forward(self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        return self.loss(
            x, x_mask, y, y_mask, normalisation=self.normalisation, reduction=self.reduction
        )

    def extra_repr(self) -> str:
        return f"normalisation={self.normalisation}, reduction={self.reduction}"
