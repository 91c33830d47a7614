"""Checks of arguments and reduction of ``(B,)`` values, shared by all losses."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from jetgen.errors import InputError

Reduction = Literal["none", "mean", "sum"]


def reduce(values: Tensor, reduction: Reduction) -> Tensor:
    """Per-jet values ``(B,)`` unchanged (``none``), their ``mean`` or their ``sum``.

    Raises:
        InputError: for any other reduction.

    >>> reduce(torch.tensor([1.0, 3.0]), "mean")
    tensor(2.)
    """
    if reduction == "none":
        return values
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    raise InputError(f"reduction: expected none, mean or sum, received {reduction!r}")


def require_choice(name: str, value: object, known: tuple[object, ...]) -> None:
    """Raise :class:`InputError` unless ``value`` is one of ``known``."""
    if value not in known:
        expected = ", ".join(str(k) for k in known)
        raise InputError(f"{name}: expected one of {expected}, received {value!r}")


def prepare(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> tuple[Tensor, Tensor]:
    """The two batches of sets with zeros in their padded slots, in float32 or float64.

    The contents of padded slots (even NaN) do not enter any value and receive no gradient.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` floating point.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool, true for real particles.

    Raises:
        InputError: when shapes or types do not match.
    """
    check_sets("x", x, x_mask)
    check_sets("y", y, y_mask)
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[2]:
        raise InputError(
            f"y: expected shape ({x.shape[0]}, M, {x.shape[2]}) to match x, "
            f"received {tuple(y.shape)}"
        )
    dtype = torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float32)
    return zero_padding(x.to(dtype), x_mask), zero_padding(y.to(dtype), y_mask)


def check_sets(name: str, points: Tensor, mask: Tensor) -> None:
    """Raise :class:`InputError` unless the points are ``(B, N, D)`` and the mask ``(B, N)``."""
    if points.ndim != 3:
        raise InputError(f"{name}: expected shape (B, N, D), received {tuple(points.shape)}")
    if not points.is_floating_point():
        raise InputError(f"{name}: expected floating-point numbers, received {points.dtype}")
    if mask.shape != points.shape[:2]:
        raise InputError(
            f"{name}_mask: expected shape {tuple(points.shape[:2])}, received {tuple(mask.shape)}"
        )
    if mask.dtype != torch.bool:
        raise InputError(f"{name}_mask: expected a mask of bool, received {mask.dtype}")


def prepare_weights(weights: Tensor | None, mask: Tensor, like: Tensor, name: str) -> Tensor:
    """Weights ``(B, N)``, zero in padded slots; 1 for each real particle when ``None``.

    Raises:
        InputError: when the shape differs from the mask's.
    """
    if weights is None:
        return mask.to(like.dtype)
    if weights.shape != mask.shape:
        raise InputError(
            f"{name}: expected shape {tuple(mask.shape)}, received {tuple(weights.shape)}"
        )
    return torch.where(mask, weights.to(like.dtype), like.new_zeros(()))


def zero_padding(points: Tensor, mask: Tensor) -> Tensor:
    """``points`` with zeros where the mask is false."""
    return torch.where(mask.unsqueeze(-1), points, points.new_zeros(()))
