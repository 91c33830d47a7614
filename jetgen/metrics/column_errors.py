"""Errors of reconstructed sets with named features, column by column."""

from __future__ import annotations

from typing import NamedTuple

from jetgen.errors import InputError
from jetgen.physics.features import feature_observables
from jetgen.physics.observables import MeasuredSets, Observable


class ColumnError(NamedTuple):
    """How well a column is reconstructed.

    Args:
        observable: the column.
        rmse: root of the mean squared difference, in the unit of the column.
        r2: coefficient of determination, 1 - rmse² / variance; 1 for equal values, 0 for the mean.
        width: the standard deviation of the real values.
    """

    observable: Observable
    rmse: float
    r2: float
    width: float


def column_errors(real: MeasuredSets, reconstructed: MeasuredSets) -> list[ColumnError]:
    r"""RMSE and R² of each column that varies, weighted by the events.

    .. math:: \mathrm{RMSE}^2 = \frac{\sum_i w_i (\hat x_i - x_i)^2}{\sum_i w_i}, \qquad
              R^2 = 1 - \mathrm{RMSE}^2 / \sigma_x^2

    Conditions, which models receive, are left out.

    Raises:
        InputError: when the numbers of sets differ.
    """
    if len(real) != len(reconstructed):
        raise InputError(
            f"columns: expected a reconstruction of each of the {len(real)} sets, received "
            f"{len(reconstructed)}"
        )
    given = {feature.name for feature in real.relative.condition_features}
    weights = real.weights.double()
    share = weights / weights.sum()
    found = []
    for observable, values in feature_observables(real.relative):
        name = observable.name
        if name in given or name not in reconstructed.observables:
            continue
        x, made = values.double(), reconstructed.observables[name].double()
        variance = float((share * (x - (share * x).sum()).square()).sum())
        if len(x.unique()) > 1:
            squared = float((share * (made - x).square()).sum())
            found.append(
                ColumnError(observable, squared**0.5, 1 - squared / variance, variance**0.5)
            )
    return found
