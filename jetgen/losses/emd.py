r"""The earth mover's distance as a loss for training, with the solver that suits the device.

The entropic form is a Sinkhorn divergence,

.. math:: S_\varepsilon(a, b) = \mathrm{OT}_\varepsilon(a, b)
          - \tfrac12 \mathrm{OT}_\varepsilon(a, a) - \tfrac12 \mathrm{OT}_\varepsilon(b, b)

which is zero for equal sets, as the exact distance is. Feydy et al., "Interpolating between Optimal
Transport and MMD using Sinkhorn Divergences" (2018), arXiv:1810.08278.
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
from jetgen.losses.distances import chunks, pairwise, power_of
from jetgen.losses.envelope import Solution, attach_gradients, plan_gradients
from jetgen.losses.exact_emd import exact_emd, normalised
from jetgen.losses.module import SetLoss
from jetgen.losses.reduction import Reduction, prepare, prepare_weights, reduce, require_choice
from jetgen.losses.sinkhorn import (
    Potentials,
    SinkhornSettings,
    solve_between,
    solve_symmetric,
    transport_plan,
)

Backend = Literal["auto", "exact", "sinkhorn", "geomloss"]

DEFAULTS = SinkhornSettings()


@takes_arrays
def emd(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    power: float = 2,
    x_weights: Tensor | None = None,
    y_weights: Tensor | None = None,
    backend: Backend = "auto",
    settings: SinkhornSettings = DEFAULTS,
    reduction: Reduction = "none",
) -> Tensor:
    r"""``min_P sum_ij P_ij |x_i - y_j|^p``, exact or entropic: a mean, squared unless ``power=1``.

    The plan ``P`` moves weights that are normalised to a sum of one in each set. The gradient with
    respect to x, y and the weights is that at the optimal plan (envelope theorem); there is no
    second derivative.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``, in any common unit.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool; padded slots may hold anything.
        power: ``p >= 1``; 1 is the standard earth mover's distance.
        x_weights, y_weights: ``(B, N)`` and ``(B, M)`` non-negative, such as pT; all one when
            omitted. They may require gradients.
        backend: ``exact`` (computed on the CPU, for tensors on any device), ``sinkhorn``,
            ``geomloss`` (the package's tensorized solver), or ``auto``: exact for tensors on the
            CPU, where it is faster and unbiased, sinkhorn elsewhere.
        settings: regularisation and accuracy of the entropic backends.

    Returns:
        ``(B,)`` in the unit of x to the power ``p``, or reduced. Zero if a set is empty.

    Raises:
        InputError: when shapes, types or options are wrong.

    >>> x, y = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[3.0], [2.0]]])
    >>> mask = torch.ones(1, 2, dtype=bool)
    >>> emd(x, mask, y, mask)
    tensor([4.])
    """
    if not power >= 1:
        raise InputError(f"power: expected a number of at least 1, received {power}")
    require_choice("backend", backend, ("auto", "exact", "sinkhorn", "geomloss"))
    x, y = prepare(x, x_mask, y, y_mask)
    if backend == "exact" or (backend == "auto" and x.device.type == "cpu"):
        return exact_emd(
            x,
            x_mask,
            y,
            y_mask,
            power=power,
            x_weights=x_weights,
            y_weights=y_weights,
            reduction=reduction,
        )
    both = x_mask.any(1, keepdim=True) & y_mask.any(1, keepdim=True)
    a = normalised(prepare_weights(x_weights, x_mask & both, x, "x_weights"))
    b = normalised(prepare_weights(y_weights, y_mask & both, y, "y_weights"))
    if backend == "geomloss":
        return reduce(_geomloss(x, y, a, b, power, settings), reduction)
    return reduce(attach_gradients(solve(x, y, a, b, power, settings), x, y, a, b), reduction)


@torch.no_grad()
def solve(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, power: float, settings: SinkhornSettings
) -> Solution:
    """Sinkhorn divergence and its gradients, with Triton or in torch for a few jets at a time.

    :mod:`jetgen.kernels.selection` chooses between them.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)`` without NaN.
        a, b: ``(B, N)`` and ``(B, M)`` of sum one, or all zero; zero where padded.
    """
    solution = Solution(x.new_zeros(len(x)), *(torch.zeros_like(t) for t in (x, y, a, b)))
    if not x.shape[1] or not y.shape[1]:
        return solution
    if use_triton(x):
        return _solve_on_chip(x, y, a, b, power, settings)
    for jets in chunks(x, y):
        part = _solve_chunk(x[jets], y[jets], a[jets], b[jets], power, settings)
        for whole, piece in zip(solution, part, strict=True):
            whole[jets] = piece
    return solution


def _solve_chunk(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, power: float, settings: SinkhornSettings
) -> Solution:
    eps = settings.eps
    cost = power_of(pairwise(x, y), power / 2)
    cross = solve_between(cost, a, b, settings)
    by_x, by_y = plan_gradients(x, y, transport_plan(cost, a, b, cross, eps), power)
    self_potentials = []
    for points, weights, gradient in ((x, a, by_x), (y, b, by_y)):
        cost = power_of(pairwise(points, points), power / 2)
        f = solve_symmetric(cost, weights, settings)
        itself = transport_plan(cost, weights, weights, Potentials(f, f), eps)
        gradient -= plan_gradients(points, points, itself, power)[0]
        self_potentials.append(f)
    by_a, by_b = cross.f - self_potentials[0], cross.g - self_potentials[1]
    return Solution((a * by_a).sum(1) + (b * by_b).sum(1), by_x, by_y, by_a, by_b)


def _solve_on_chip(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, power: float, settings: SinkhornSettings
) -> Solution:
    from jetgen.losses.kernels.plan import plan_gradient
    from jetgen.losses.kernels.sinkhorn import potential_symmetric, potentials_between

    eps = settings.eps
    f, g = potentials_between(x, y, a, b, power, settings)
    by_x = plan_gradient(x, y, a, b, Potentials(f, g), eps, power)
    by_y = plan_gradient(y, x, b, a, Potentials(g, f), eps, power)
    itself = []
    for points, weights, gradient in ((x, a, by_x), (y, b, by_y)):
        h = potential_symmetric(points, weights, power, settings)
        gradient -= plan_gradient(points, points, weights, weights, Potentials(h, h), eps, power)
        itself.append(h)
    by_a, by_b = f - itself[0], g - itself[1]
    return Solution((a * by_a).sum(1) + (b * by_b).sum(1), by_x, by_y, by_a, by_b)


def _geomloss(
    x: Tensor, y: Tensor, a: Tensor, b: Tensor, power: float, settings: SinkhornSettings
) -> Tensor:
    """The same divergence from geomloss, whose cost is ``|x - y|^p / p`` and ``eps = blur^p``."""
    if power not in (1, 2):
        raise InputError(f"power: expected 1 or 2 with geomloss, received {power}")
    from geomloss import SamplesLoss

    loss = SamplesLoss(
        "sinkhorn",
        p=int(power),
        blur=(settings.eps / power) ** (1 / power),
        scaling=settings.scaling ** (1 / power),
        backend="tensorized",
    )
    # It supports zero weights but not empty sets: those get one particle at the origin each.
    empty = (a.sum(1, keepdim=True) == 0) & (torch.arange(a.shape[1], device=a.device) == 0)
    other = (b.sum(1, keepdim=True) == 0) & (torch.arange(b.shape[1], device=b.device) == 0)
    values: Tensor = power * loss(a + empty.to(a.dtype), x, b + other.to(b.dtype), y)
    return torch.where(a.sum(1) > 0, values, values.new_zeros(()))


class EMD(SetLoss):
    """:func:`emd` as a module, with its options stored; weights are passed to each call."""

    works = ("Komiske:2019a", "Feydy:2018")

    def __init__(
        self,
        *,
        power: float = 2,
        backend: Backend = "auto",
        settings: SinkhornSettings = DEFAULTS,
        reduction: Reduction = "none",
    ) -> None:
        super().__init__(emd, power=power, backend=backend, settings=settings, reduction=reduction)

    @classmethod
    def build(cls, config: TrainConfig, options: Mapping[str, Any]) -> Self:
        return cls(backend=config.emd_backend, **options)
