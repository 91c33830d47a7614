"""Requested and obtained values of conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from jetgen.metrics.residuals import band
from jetgen.physics.observables import Observable
from jetgen.reports.style import REAL, grid, lines

_WIDTH = 3


def conditions(pairs: Mapping[Observable, tuple[Tensor, Tensor]]) -> Figure:
    """One panel per condition: median and central 68 % of obtained against requested values.

    Args:
        pairs: requested and obtained ``(B,)`` values.
    """
    columns = min(_WIDTH, len(pairs))
    figure, spec = grid(
        math.ceil(len(pairs) / columns), columns, panel=(3.2, 3.2),
        margins=(0.95, 0.2, 0.65, 0.25), gaps=(0.95, 0.75),
    )  # fmt: skip
    axes = list(spec.subplots(squeeze=False).flat)
    colour = lines(["generated"])["generated"].colour
    for axis, (observable, (requested, obtained)) in zip(axes, pairs.items(), strict=False):
        low, high = np.quantile(requested.double().numpy(), [0.005, 0.995])
        found = band(requested, obtained)
        axis.scatter(
            requested.numpy(), obtained.numpy(), s=6, color=colour, alpha=0.35, linewidths=0,
            rasterized=True,
        )  # fmt: skip
        axis.fill_between(found.centre, found.low, found.high, color=colour, alpha=0.3, linewidth=0)
        axis.plot(found.centre, found.median, color=colour, marker="o", markersize=4)
        axis.plot([low, high], [low, high], color=REAL, linewidth=1)
        axis.set_xlim(low, high)
        axis.set_ylim(low - 0.15 * (high - low), high + 0.15 * (high - low))
        axis.set_xlabel(f"Requested {observable.formula}" + _unit(observable))
        axis.set_ylabel(f"Obtained {observable.formula}" + _unit(observable))
    for axis in axes[len(pairs) :]:
        axis.set_visible(False)
    return figure


def _unit(observable: Observable) -> str:
    return f" [{observable.unit}]" if observable.unit else ""
