r"""Entropic optimal transport of masked sets with Sinkhorn iterations in the log domain.

.. math:: \mathrm{OT}_\varepsilon(a, b) = \min_P \sum_{ij} P_{ij} C_{ij}
          + \varepsilon \,\mathrm{KL}(P \,|\, a \otimes b)

Each jet has its own schedule. First the regularisation falls from the largest cost by a constant
factor per step down to ``eps``, in the log domain. Then scaling iterations act on the plan of the
present potentials, and are absorbed into the potentials every few steps, until the marginals are
within the tolerance or the maximum number of iterations is reached. A converged jet is not changed
any more, so that its value does not depend on the other jets of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.config.option import require
from jetgen.losses.exponentials import exp, log_sum_exp

EMPTY = -1e9
"""Logarithm of the weight of a padded slot: finite, so that ``inf - inf`` cannot occur."""

BLOCK = 10
"""Number of iterations between two checks of the marginals."""


@dataclass(frozen=True)
class SinkhornSettings:
    """Regularisation and accuracy of the entropic problem.

    Args:
        eps: regularisation, in the unit of the cost ``|x - y|^p``.
        scaling: factor between two steps of the annealing, in (0, 1).
        tolerance: the iterations stop when the summed error of the marginals is below it (the
            weights sum to one).
        max_iterations: maximum number of iterations at the final ``eps``.
    """

    eps: float = 0.05
    scaling: float = 0.5
    tolerance: float = 1e-2
    max_iterations: int = 200

    def __post_init__(self) -> None:
        require(self.eps > 0, "eps", "a positive number", self.eps)
        require(0 < self.scaling < 1, "scaling", "a number between 0 and 1", self.scaling)
        require(self.tolerance > 0, "tolerance", "a positive number", self.tolerance)
        require(self.max_iterations > 0, "max_iterations", "at least 1", self.max_iterations)


class Potentials(NamedTuple):
    """Dual potentials ``f (B, N)`` and ``g (B, M)``, zero for zero weight."""

    f: Tensor
    g: Tensor


@torch.no_grad()
def solve_between(cost: Tensor, a: Tensor, b: Tensor, settings: SinkhornSettings) -> Potentials:
    """Potentials of the transport between weights ``a (B, N)`` and ``b (B, M)`` of sum one.

    ``cost`` is ``(B, N, M)``; entries of zero weight are not used.
    """
    log_a, log_b = _log(a), _log(b)
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    for eps, running in _annealing(cost, a, b, settings):
        f = torch.where(running, softmin(cost, g, log_b, eps, dim=2), f)
        g = torch.where(running, softmin(cost, f, log_a, eps, dim=1), g)
    f, g = torch.where(a > 0, f, 0.0), torch.where(b > 0, g, 0.0)
    active = torch.arange(len(cost), device=cost.device)
    for _ in range(-(-settings.max_iterations // BLOCK)):
        part = Potentials(f[active], g[active])
        part, error = _scale(cost[active], a[active], b[active], part, settings.eps)
        f[active], g[active] = part
        active = active[error >= settings.tolerance]  # drops NaN as well
        if not len(active):
            break
    return Potentials(f, g)


def _scale(
    cost: Tensor, a: Tensor, b: Tensor, potentials: Potentials, eps: float
) -> tuple[Potentials, Tensor]:
    """``BLOCK`` iterations ``u = a / K v, v = b / K' u`` on the plan ``K`` of the potentials.

    They need no exponentials and cannot overflow: the potentials have just been absorbed into
    ``K``, so ``u`` and ``v`` are close to one. Also returns the last error ``(B,)`` of the
    marginals.
    """
    smallest = torch.finfo(cost.dtype).tiny * 1e6
    kernel = transport_plan(cost, a, b, potentials, eps)
    kernel.masked_fill_(kernel < smallest, 0.0)  # subnormal numbers are slow
    u, v = torch.ones_like(a), torch.ones_like(b)
    transposed = kernel.mT
    for _ in range(BLOCK):
        rows = torch.bmm(kernel, v.unsqueeze(2)).squeeze(2)
        error = (u * rows - a).abs().sum(1)
        u = torch.where(a > 0, a / rows.clamp(min=smallest), 1.0)
        columns = torch.bmm(transposed, u.unsqueeze(2)).squeeze(2)
        v = torch.where(b > 0, b / columns.clamp(min=smallest), 1.0)
    return Potentials(potentials.f + eps * u.log(), potentials.g + eps * v.log()), error


@torch.no_grad()
def solve_symmetric(cost: Tensor, a: Tensor, settings: SinkhornSettings) -> Tensor:
    """The potential ``(B, N)`` of the transport from a set to itself, with averaged iterations."""
    log_a = _log(a)
    f = torch.zeros_like(a)
    for eps, running in _annealing(cost, a, a, settings):
        f = torch.where(running, (f + softmin(cost, f, log_a, eps, dim=2)) / 2, f)
    active = torch.arange(len(cost), device=cost.device)
    eps = torch.full_like(a[:, :1], settings.eps)
    for _ in range(settings.max_iterations):
        part = f[active]
        further = softmin(cost[active], part, log_a[active], eps[active], dim=2)
        change = ((part - further) / settings.eps).clamp(max=50)  # the rows' sums are a exp(change)
        f[active] = (part + further) / 2
        error = (a[active] * torch.expm1(change).abs()).sum(1)
        active = active[error >= settings.tolerance]
        if not len(active):
            break
    return torch.where(a > 0, f, 0.0)


def _annealing(
    cost: Tensor, a: Tensor, b: Tensor, settings: SinkhornSettings
) -> Iterator[tuple[Tensor, Tensor]]:
    """Falling regularisation ``(B, 1)`` from each jet's largest cost, and which jets are active."""
    real = (a > 0).unsqueeze(2) & (b > 0).unsqueeze(1)
    eps = cost.masked_fill(~real, 0.0).amax((1, 2)).unsqueeze(1)
    running = (eps > settings.eps) & eps.isfinite()
    while bool(running.any()):
        yield torch.where(running, eps, 1.0), running
        eps = eps * settings.scaling
        running = running & (eps > settings.eps)


def softmin(cost: Tensor, potential: Tensor, log_weights: Tensor, eps: Tensor, dim: int) -> Tensor:
    r"""``-eps log sum_j exp(log b_j + (g_j - C_ij) / eps)`` over axis ``dim`` of the cost."""
    axis = 1 if dim == 2 else 2
    scores = (log_weights + potential / eps).unsqueeze(axis) - cost / eps.unsqueeze(2)
    return -eps * log_sum_exp(scores, dim)


def transport_plan(
    cost: Tensor, a: Tensor, b: Tensor, potentials: Potentials, eps: float
) -> Tensor:
    """``a_i b_j exp((f_i + g_j - C_ij) / eps)``, the transport plan ``(B, N, M)``."""
    exponent = potentials.f.unsqueeze(2) + potentials.g.unsqueeze(1) - cost
    weights = a.unsqueeze(2) * b.unsqueeze(1)
    return torch.where(weights > 0, weights * exp(exponent / eps), 0.0)


def _log(weights: Tensor) -> Tensor:
    positive = weights > 0
    return torch.where(positive, torch.where(positive, weights, 1.0).log(), EMPTY)
