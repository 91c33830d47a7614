r"""Entropic optimal transport of masked sets by Sinkhorn's iterations in the log domain.

.. math:: \mathrm{OT}_\varepsilon(a, b) = \min_P \sum_{ij} P_{ij} C_{ij}
          + \varepsilon \,\mathrm{KL}(P \,|\, a \otimes b)

Each jet runs its own schedule: the regularisation falls from the largest cost by a constant
factor down to ``eps``, then the iterations go on until the plan's marginals are right or the
bound is reached. A jet that has arrived stays as it is, so that its value does not depend on
the jets beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.config.option import require

EMPTY = -1e9
"""Logarithm of the weight of a padded slot: finite, so that no ``inf - inf`` can arise."""


@dataclass(frozen=True)
class SinkhornSettings:
    """How far and how accurately the entropic problem is solved.

    Args:
        eps: regularisation, in the unit of the cost ``|x - y|^p``.
        scaling: factor between two steps of the annealing, in (0, 1).
        tolerance: largest summed error of the marginals (of a total of one) to stop at.
        max_iterations: bound on the iterations at the final ``eps``.
    """

    eps: float = 0.01
    scaling: float = 0.5
    tolerance: float = 1e-3
    max_iterations: int = 200

    def __post_init__(self) -> None:
        require(self.eps > 0, "eps", "a positive number", self.eps)
        require(0 < self.scaling < 1, "scaling", "a number between 0 and 1", self.scaling)
        require(self.tolerance > 0, "tolerance", "a positive number", self.tolerance)
        require(self.max_iterations > 0, "max_iterations", "at least 1", self.max_iterations)


class Potentials(NamedTuple):
    """Dual potentials ``f (B, N)`` and ``g (B, M)``, zero where the weight is zero."""

    f: Tensor
    g: Tensor


@torch.no_grad()
def solve_between(cost: Tensor, a: Tensor, b: Tensor, settings: SinkhornSettings) -> Potentials:
    """Potentials of the transport between weights ``a (B, N)`` and ``b (B, M)`` of sum one.

    ``cost`` is ``(B, N, M)``; what it holds where a weight is zero does not matter.
    """
    log_a, log_b = _log(a), _log(b)
    eps = _start(cost, a, b, settings)
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    running = torch.ones_like(eps, dtype=torch.bool)
    # At most 2 / scaling annealing steps an octave; the bound only has to be finite.
    left = torch.full_like(eps, settings.max_iterations)
    while bool(running.any()):
        f_next = softmin(cost, g, log_b, eps, dim=2)
        # With g optimal for the previous f, the row sums of the plan are a * exp((f - f') / eps).
        error = (a * torch.expm1(((f - f_next) / eps).clamp(max=50)).abs()).sum(1, keepdim=True)
        final = ~((eps > settings.eps) & eps.isfinite())  # a NaN ends the search
        left = torch.where(final & running, left - 1, left)
        f = torch.where(running, f_next, f)
        g = torch.where(running, softmin(cost, f, log_a, eps, dim=1), g)
        running = running & ~(final & ((error < settings.tolerance) | (left <= 0)))
        eps = torch.where(running, (eps * settings.scaling).clamp(min=settings.eps), eps)
    return Potentials(torch.where(a > 0, f, 0.0), torch.where(b > 0, g, 0.0))


@torch.no_grad()
def solve_symmetric(cost: Tensor, a: Tensor, settings: SinkhornSettings) -> Tensor:
    """The potential ``(B, N)`` of a set with itself, by averaged iterations."""
    log_a = _log(a)
    eps = _start(cost, a, a, settings)
    f = torch.zeros_like(a)
    running = torch.ones_like(eps, dtype=torch.bool)
    left = torch.full_like(eps, settings.max_iterations)
    while bool(running.any()):
        f_next = softmin(cost, f, log_a, eps, dim=2)
        error = (a * torch.expm1(((f - f_next) / eps).clamp(max=50)).abs()).sum(1, keepdim=True)
        final = ~((eps > settings.eps) & eps.isfinite())  # a NaN ends the search
        left = torch.where(final & running, left - 1, left)
        f = torch.where(running, (f + f_next) / 2, f)
        running = running & ~(final & ((error < settings.tolerance) | (left <= 0)))
        eps = torch.where(running, (eps * settings.scaling).clamp(min=settings.eps), eps)
    return torch.where(a > 0, f, 0.0)


def softmin(cost: Tensor, potential: Tensor, log_weights: Tensor, eps: Tensor, dim: int) -> Tensor:
    r"""``-eps log sum_j exp(log b_j + (g_j - C_ij) / eps)`` over axis ``dim`` of the cost."""
    axis = 1 if dim == 2 else 2
    scores = (log_weights + potential / eps).unsqueeze(axis) - cost / eps.unsqueeze(2)
    return -eps * scores.logsumexp(dim)


def transport_plan(
    cost: Tensor, a: Tensor, b: Tensor, potentials: Potentials, eps: float
) -> Tensor:
    """``a_i b_j exp((f_i + g_j - C_ij) / eps)``, the transport plan ``(B, N, M)``."""
    exponent = potentials.f.unsqueeze(2) + potentials.g.unsqueeze(1) - cost
    weights = a.unsqueeze(2) * b.unsqueeze(1)
    return torch.where(weights > 0, weights * (exponent / eps).exp(), 0.0)


def _log(weights: Tensor) -> Tensor:
    positive = weights > 0
    return torch.where(positive, torch.where(positive, weights, 1.0).log(), EMPTY)


def _start(cost: Tensor, a: Tensor, b: Tensor, settings: SinkhornSettings) -> Tensor:
    """The largest cost ``(B, 1)`` between real particles, at least ``eps``."""
    real = (a > 0).unsqueeze(2) & (b > 0).unsqueeze(1)
    return cost.masked_fill(~real, 0.0).amax((1, 2)).unsqueeze(1).clamp(min=settings.eps)
