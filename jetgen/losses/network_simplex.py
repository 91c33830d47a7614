"""Exact solution of balanced transport problems: assignment (scipy) or POT's network simplex.

POT's compiled solver is called directly, because for the few particles of a jet the checks of its
Python interface take longer than the solution. Sorting particles by rising weight makes it 20 %
faster.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]

_MOST_PIVOTS = 1_000_000


class Plan(NamedTuple):
    """An optimal plan: the pairs ``(i, j)`` with non-zero mass, their masses, dual potentials."""

    i: Places
    j: Places
    mass: Array
    f: Array
    g: Array


def optimal_plan(cost: Array, a: Array, b: Array, *, equal: bool = False) -> Plan:
    """The optimal plan from weights ``a`` ``(N,)`` to ``b`` ``(M,)`` of the same sum.

    ``cost`` is ``(N, M)``. The plan is empty if a side has no weight; it is one pair of mass NaN if
    a cost is not finite. With ``equal`` all positive weights of a side must be the same.
    """
    f, g = np.zeros_like(a), np.zeros_like(b)
    rows, columns = _rising(a), _rising(b)
    if not len(rows) or not len(columns):
        return Plan(rows[:0], columns[:0], a[:0], f, g)
    table, total = cost.take(rows, 0).take(columns, 1), a.sum()
    if not np.isfinite(table.sum()):
        return Plan(rows[:1], columns[:1], np.full(1, np.nan), f, g)
    if equal and len(rows) == len(columns):
        from scipy.optimize import linear_sum_assignment

        i, j = linear_sum_assignment(table)
        return Plan(rows[i], columns[j], np.full(len(i), total / len(i)), f, g)
    from ot.lp.emd_wrap import check_result, emd_c  # slow import, needed for unequal sets only

    p, q = a[rows] / total, b[columns] / b[columns].sum()
    dense, _, u, v, code = emd_c(p, q, table, _MOST_PIVOTS, 1)
    check_result(code)
    dense = dense.ravel()
    used = np.flatnonzero(dense)
    i, j = np.divmod(used, len(columns))
    centre = (q @ v - p @ u) / 2  # potentials are defined up to a constant
    f[rows], g[columns] = u + centre, v - centre
    return Plan(rows.take(i), columns.take(j), dense.take(used) * total, f, g)


def optimal_costs(costs: Array, a: Array, b: Array, *, equal: bool = False) -> Array:
    """``(P,)`` costs of the optimal plans of P problems.

    Args:
        costs: ``(P, N, M)``; the result is NaN for a problem with a cost that is not finite.
        a, b: ``(P, N)`` and ``(P, M)`` weights, preferably in rising order, zero where padded. The
            cost is zero if a side has no weight.
        equal: whether all positive weights of a side are the same.
    """
    # Summed one after the other, so that the rounding does not depend on the padding.
    totals, others = (w.cumsum(1)[:, -1] if w.shape[1] else w.sum(1) for w in (a, b))
    finite = np.isfinite(costs.sum((1, 2)) + totals + others)
    found = np.where(finite, 0.0, np.nan)
    todo = np.flatnonzero(finite & (totals > 0) & (others > 0))
    a = a / np.where(totals > 0, totals, 1)[:, None]
    b = b / np.where(others > 0, others, 1)[:, None]
    work = _assign_all if equal else _simplex_all
    work(found, todo, costs, a, b)
    return found * totals


def _simplex_all(found: Array, todo: Places, costs: Array, a: Array, b: Array) -> None:
    from ot.lp.emd_wrap import check_result, emd_c

    for k in todo:
        _, found[k], _, _, code = emd_c(a[k], b[k], costs[k], _MOST_PIVOTS, 1)
        check_result(code)


def _assign_all(found: Array, todo: Places, costs: Array, a: Array, b: Array) -> None:
    for k in todo:
        plan = optimal_plan(costs[k], a[k], b[k], equal=True)
        found[k] = costs[k][plan.i, plan.j] @ plan.mass


def _rising(weights: Array) -> Places:
    """The indices of the non-zero weights, the smallest weight first."""
    places = np.flatnonzero(weights)
    return places[np.argsort(weights[places], kind="stable")]
