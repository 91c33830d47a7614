"""A peak before and after, with median and central interval of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetgen.reports.style import REAL, grid

_AFTER = "#c03728"
Values = NDArray[np.float64]


def peak_shift(
    before: tuple[Values, Values],
    after: tuple[Values, Values],
    summaries: tuple[Mapping[str, float], Mapping[str, float]],
    window: tuple[float, float],
    bins: int,
    label: str,
) -> Figure:
    """Two normalised histograms, and their ratio.

    Args:
        before, after: values ``(n,)`` and weights ``(n,)``.
        summaries: ``median`` and ``width`` of each.
        window: the range that is shown.
        bins: number of bins.
        label: of the horizontal axis.
    """
    figure, spec = grid(1, 1, panel=(4.6, 4.4), margins=(0.85, 0.2, 0.65, 0.3), gaps=(0, 0))
    inner = spec[0, 0].subgridspec(2, 1, height_ratios=(3, 1), hspace=0.08)
    top = figure.add_subplot(inner[0])
    bottom = figure.add_subplot(inner[1], sharex=top)
    drawn = []
    for (values, weights), summary, colour, name, height in (
        (before, summaries[0], REAL, "before", 0.95),
        (after, summaries[1], _AFTER, "after", 0.90),
    ):
        counts, edges = np.histogram(values, bins, window, weights=weights)
        squares, _ = np.histogram(values, bins, window, weights=weights**2)
        total = weights.sum()
        density, error = counts / total, np.sqrt(squares) / total
        top.stairs(density, edges, color=colour, linewidth=1.4, label=name)
        top.errorbar(
            summary["median"], height, xerr=summary["width"], color=colour, marker="o",
            capsize=3, transform=top.get_xaxis_transform(),
        )  # fmt: skip
        drawn.append((density, error))
    (first, first_error), (second, second_error) = drawn
    known = (first > 0) & (second > 0)
    ratio = second[known] / first[known]
    error = ratio * np.hypot(first_error[known] / first[known], second_error[known] / second[known])
    centres = ((edges[1:] + edges[:-1]) / 2)[known]
    bottom.errorbar(centres, ratio, error, color=_AFTER, marker="o", markersize=3, linestyle="none")
    bottom.axhline(1, color=REAL, linewidth=1)
    bottom.set_ylabel("After / before")
    bottom.set_xlabel(label)
    top.tick_params(labelbottom=False)
    top.set_ylabel("Share per bin")
    top.set_ylim(0, 1.35 * max(first.max(), second.max()))
    top.set_xlim(*window)
    top.legend(loc="upper right", bbox_to_anchor=(1, 0.85))
    return figure
