"""Slot-by-slot squared error, for decoders with a fixed order of particles."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import pad

from jetgen.losses.reduction import Reduction, choose, prepare, reduce


def mse(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    normalisation: Literal["sum", "mean"] = "mean",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``sum_i |x_i - y_i|^2`` slot by slot, squared, over the number of slots and features.

    A slot counts when it is real in either set; the other set's padded slot stands for the
    zero vector, as zero-padded jets do in the classic fixed-order baseline (whose decoder
    fills every slot: an ``x_mask`` of ones). Give both sets one mask to leave padding out.
    The order of slots matters; only a permutation common to both sets changes nothing.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``; the shorter one is padded.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool.
        normalisation: ``mean`` divides by the number of counted slots times ``D``.

    Returns:
        ``(B,)``, or reduced; zero for two empty sets.

    >>> import torch
    >>> x, y = torch.ones(1, 2, 3), torch.zeros(1, 2, 3)
    >>> mse(x, torch.ones(1, 2, dtype=bool), y, torch.zeros(1, 2, dtype=bool))
    tensor([1.])
    """
    choose("normalisation", normalisation, ("sum", "mean"))
    x, y = prepare(x, x_mask, y, y_mask)
    missing = x.shape[1] - y.shape[1]
    x, x_mask = pad(x, (0, 0, 0, max(-missing, 0))), pad(x_mask, (0, max(-missing, 0)))
    y, y_mask = pad(y, (0, 0, 0, max(missing, 0))), pad(y_mask, (0, max(missing, 0)))
    values = (x - y).square().sum((1, 2))
    if normalisation == "mean":
        values = values / ((x_mask | y_mask).sum(1) * x.shape[2]).clamp(min=1)
    return reduce(values, reduction)


class MSE(nn.Module):
    """:func:`mse` with its options fixed."""

    def __init__(
        self,
        *,
        normalisation: Literal["sum", "mean"] = "mean",
        reduction: Reduction = "none",
    ) -> None:
        super().__init__()
        self.normalisation: Literal["sum", "mean"] = normalisation
        self.reduction: Reduction = reduction

    def forward(self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        return mse(x, x_mask, y, y_mask, normalisation=self.normalisation, reduction=self.reduction)

    def extra_repr(self) -> str:
        return f"normalisation={self.normalisation}, reduction={self.reduction}"
