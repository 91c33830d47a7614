"""Measured values with errors against a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from jetgen.reports.style import grid, lines

Points = Sequence[tuple[float, float, float]]
"""Setting, value and error of each point."""


def points_with_errors(
    panels: Mapping[str, Mapping[str, Points]], label: str, *, logarithmic: bool = False
) -> Figure:
    """One panel per quantity, with one line per series.

    Args:
        panels: by the title of the vertical axis, the points of each series by its name.
        label: of the common horizontal axis.
        logarithmic: whether the horizontal axis is logarithmic.
    """
    figure, spec = grid(
        1, len(panels), panel=(3.4, 2.8), margins=(0.95, 0.2, 0.65, 0.5), gaps=(1.0, 0.5)
    )
    axes = spec.subplots(squeeze=False)[0]
    names = list(dict.fromkeys(name for series in panels.values() for name in series))
    looks = lines(names)
    for axis, (title, series) in zip(axes, panels.items(), strict=True):
        for name, points in series.items():
            x, y, error = np.array(points).T
            axis.errorbar(
                x, y, error, color=looks[name].colour, linestyle=looks[name].dashes, marker="o",
                markersize=4, capsize=3, label=name,
            )  # fmt: skip
        if logarithmic:
            axis.set_xscale("log")
        axis.margins(0.08)
        axis.set_xlabel(label)
        axis.set_ylabel(title)
    if len(names) > 1:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="upper center", ncols=len(names))
    return figure
