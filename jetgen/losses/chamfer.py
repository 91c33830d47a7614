r"""Chamfer distances: from every particle to its nearest neighbour in the other set.

The nearest neighbours are found without gradient, a few jets at a time, so that no ``(B, N, M)``
tensor is needed; the value and its gradient are then computed from the ``N + M`` chosen pairs. The
gradient is exact wherever the nearest neighbour is unique.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.kernels.selection import use_triton
from jetgen.losses.distances import Norm, along
from jetgen.losses.module import SetLoss
from jetgen.losses.nearest import nearest
from jetgen.losses.reduction import Reduction, prepare, prepare_weights, reduce, require_choice
from jetgen.losses.slots import Normalisation

Sided = Literal["two", "x", "y"]


@takes_arrays
def chamfer(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    power: float = 2,
    sided: Sided = "two",
    norm: Norm = "l2",
    normalisation: Normalisation = "sum",
    x_weights: Tensor | None = None,
    y_weights: Tensor | None = None,
    reduction: Reduction = "none",
) -> Tensor:
    r"""``sum_i min_j |x_i - y_j|^2 + sum_j min_i |x_i - y_j|^2``: squared, two-sided, summed.

    That is the default, the convention of Orzari et al., "Sparse Data Generation for
    Particle-Based Simulation of Hadronic Jets in the LHC" (2021), arXiv:2109.15197. In general

    .. math:: \sum_i w_i \min_j |x_i - y_j|^p \;/\; \sum_i w_i \quad + \quad (x \leftrightarrow y)

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``, in any common unit.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool; padded slots may hold anything.
        power: ``p >= 1``; 2 is squared, 1 is not.
        sided: ``two``; ``x`` only from each particle of x to its neighbour in y; ``y`` the reverse.
        norm: ``l2`` Euclidean or ``l1`` sum of absolute differences.
        normalisation: ``sum``, or ``mean`` which divides each side by its sum of weights.
        x_weights, y_weights: ``(B, N)`` and ``(B, M)`` non-negative, such as pT; all one when
            omitted. They may require gradients.

    Returns:
        ``(B,)`` in the unit of x to the power ``p``, or reduced. Zero for a jet if either set is
        empty.

    Raises:
        InputError: when shapes, types or options are wrong.

    >>> x, y = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[3.0]]])
    >>> chamfer(x, torch.ones(1, 2, dtype=bool), y, torch.ones(1, 1, dtype=bool))
    tensor([17.])
    """
    if not power >= 1:
        raise InputError(f"power: expected a number of at least 1, received {power}")
    require_choice("sided", sided, ("two", "x", "y"))
    require_choice("norm", norm, ("l2", "l1"))
    require_choice("normalisation", normalisation, ("sum", "mean"))
    x, y = prepare(x, x_mask, y, y_mask)
    if not x.shape[1] or not y.shape[1]:
        return reduce((x.sum((1, 2)) + y.sum((1, 2))) * 0, reduction)
    wx = prepare_weights(x_weights, x_mask, x, "x_weights")
    wy = prepare_weights(y_weights, y_mask, y, "y_weights")
    both = (x_mask.any(1) & y_mask.any(1)).unsqueeze(1)  # (B, 1)
    neighbours = nearest(x, x_mask, y, y_mask, norm)
    values = x.new_zeros(x.shape[0])
    if sided != "y":
        values = values + _one_side(x, y, neighbours.of_x, wx * both, norm, power, normalisation)
    if sided != "x":
        values = values + _one_side(y, x, neighbours.of_y, wy * both, norm, power, normalisation)
    return reduce(values, reduction)


@takes_arrays
def density_aware_chamfer(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    alpha: float = 1.0,
    power: float = 1,
    norm: Norm = "l2",
    reduction: Reduction = "none",
) -> Tensor:
    r"""``mean_i (1 - exp(-alpha |x_i - y_i'|) / n_i') / 2`` and its mirror: not squared, two-sided.

    ``y_i'`` is the nearest neighbour of ``x_i`` and ``n_i'`` the number of particles of x that
    share it, so that many particles close to one target are penalised. The value is between 0 and
    1. The count has no gradient. Wu et al., "Density-aware Chamfer Distance as a Comprehensive
    Metric for Point Cloud Completion" (2021), arXiv:2111.12702.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool.
        alpha: inverse of the distance (to the ``power``) beyond which particles no longer match.
        power: 1 as published, 2 for squared distances.

    Returns:
        ``(B,)`` dimensionless, or reduced. Zero for a jet if either set is empty.
    """
    if not power >= 1:
        raise InputError(f"power: expected a number of at least 1, received {power}")
    require_choice("norm", norm, ("l2", "l1"))
    x, y = prepare(x, x_mask, y, y_mask)
    if not x.shape[1] or not y.shape[1]:
        return reduce((x.sum((1, 2)) + y.sum((1, 2))) * 0, reduction)
    both = (x_mask.any(1) & y_mask.any(1)).unsqueeze(1)
    neighbours = nearest(x, x_mask, y, y_mask, norm)
    values = x.new_zeros(x.shape[0])
    for a, a_mask, b, index in (
        (x, x_mask, y, neighbours.of_x),
        (y, y_mask, x, neighbours.of_y),
    ):
        weights = (a_mask & both).to(a.dtype)
        sharers = a.new_zeros(b.shape[:2]).scatter_add_(1, index, weights)
        match = torch.exp(-alpha * along(a, _gather(b, index), norm, power))
        terms = weights * (1 - match / sharers.gather(1, index).clamp(min=1))
        values = values + terms.sum(1) / weights.sum(1).clamp(min=1) / 2
    return reduce(values, reduction)


def _one_side(
    x: Tensor,
    y: Tensor,
    index: Tensor,
    weights: Tensor,
    norm: Norm,
    power: float,
    normalisation: Normalisation,
) -> Tensor:
    values = (weights * along(x, _gather(y, index), norm, power)).sum(1)
    if normalisation == "mean":
        total = weights.sum(1)
        values = values / torch.where(total > 0, total, torch.ones_like(total))
    return values


def _gather(points: Tensor, index: Tensor) -> Tensor:
    if use_triton(points):
        from jetgen.losses.kernels.gather import gather_particles

        return gather_particles(points, index)
    return points.gather(1, index.unsqueeze(2).expand(-1, -1, points.shape[2]))


class Chamfer(SetLoss):
    """:func:`chamfer` as a module, with its options stored; weights are passed to each call."""

    works = ("Orzari:2021",)

    def __init__(
        self,
        *,
        power: float = 2,
        sided: Sided = "two",
        norm: Norm = "l2",
        normalisation: Normalisation = "sum",
        reduction: Reduction = "none",
    ) -> None:
        super().__init__(
            chamfer,
            power=power,
            sided=sided,
            norm=norm,
            normalisation=normalisation,
            reduction=reduction,
        )

    @classmethod
    def build(cls, config: TrainConfig, options: Mapping[str, Any]) -> Self:
        return cls(normalisation="mean", **options)
