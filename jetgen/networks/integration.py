r"""Explicit Runge-Kutta solvers with fixed steps, for :math:`\dot x = v(x, t)` from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import Tensor

Solver = Literal["euler", "midpoint", "heun", "rk4"]


class Tableau(NamedTuple):
    """Butcher tableau of a solver: times and weights of its stages, and final weights."""

    times: tuple[float, ...]
    starts: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    order: int


TABLEAUS: dict[str, Tableau] = {
    "euler": Tableau((0,), ((),), (1,), order=1),
    "midpoint": Tableau((0, 1 / 2), ((), (1 / 2,)), (0, 1), order=2),
    "heun": Tableau((0, 1), ((), (1,)), (1 / 2, 1 / 2), order=2),
    "rk4": Tableau(
        (0, 1 / 2, 1 / 2, 1),
        ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)),
        (1 / 6, 1 / 3, 1 / 3, 1 / 6),
        order=4,
    ),
}
"""The solvers by name."""


def integrate(
    velocity: Callable[[Tensor, float], Tensor], x: Tensor, *, steps: int, solver: Solver
) -> Tensor:
    r"""``x(1)`` from ``x(0)``, in equal steps :math:`h`, with :math:`s` evaluations per step:

    .. math:: k_i = v\Big(x + h \sum_{j<i} a_{ij} k_j,\; t + c_i h\Big), \qquad
              x \leftarrow x + h \sum_i b_i k_i

    Where the velocity is zero, such as in padded slots, ``x`` does not change.

    Reference:
        Solving Ordinary Differential Equations I (Hairer, Norsett, Wanner, 1993), section II.

    Args:
        velocity: function of ``x`` and the time; returns velocities of the shape of ``x``.
        x: any shape.
        steps: number of steps.
        solver: ``euler`` (first order), ``midpoint`` or ``heun`` (second) or ``rk4`` (fourth).
    """
    tableau, h = TABLEAUS[solver], 1 / steps
    for step in range(steps):
        stages: list[Tensor] = []
        for time, start in zip(tableau.times, tableau.starts, strict=True):
            stages.append(velocity(_moved(x, h, start, stages), (step + time) * h))
        x = _moved(x, h, tableau.weights, stages)
    return x


def function_evaluations(steps: int, solver: Solver) -> int:
    """Number of velocity evaluations of :func:`integrate`."""
    return steps * len(TABLEAUS[solver].times)


def _moved(x: Tensor, h: float, weights: tuple[float, ...], stages: list[Tensor]) -> Tensor:
    for weight, stage in zip(weights, stages, strict=False):
        if weight:
            x = x + h * weight * stage
    return x
