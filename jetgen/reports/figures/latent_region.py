"""The codes of the jets of a region among those of all others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from jetgen.reports.style import grid, lines

_BINS = 30


def latent_region(
    places: Mapping[str, Tensor],
    columns: Mapping[str, Tensor],
    inside: Tensor,
    region: str,
    sets: str = "jets",
) -> Figure:
    """Points ``(B, 2)`` of each layout, and the distributions of single columns below.

    Args:
        places: layouts of the jets by title.
        columns: ``(B,)`` values of latent dimensions by title.
        inside: ``(B,)`` bool.
        region: the description of the region.
        sets: the name of the sets (jets).
    """
    wide = max(len(places), len(columns))
    figure, spec = grid(2, wide, panel=(3.6, 3.0), margins=(0.8, 0.2, 0.65, 0.5), gaps=(0.8, 0.7))
    axes = spec.subplots(squeeze=False)
    selected = inside.numpy()
    looks = lines(["outside", region])
    within, outside = looks[region].colour, "#b0b0b0"
    for axis, (title, points) in zip(axes[0], places.items(), strict=False):
        x, y = points.double().numpy().T
        for chosen, colour, size in ((~selected, outside, 4), (selected, within, 6)):
            axis.scatter(
                x[chosen], y[chosen], c=colour, s=size, linewidths=0, alpha=0.6, rasterized=True
            )
        axis.set_xlabel(f"{title} 1")
        axis.set_ylabel(f"{title} 2")
    for axis, (title, values) in zip(axes[1], columns.items(), strict=False):
        numbers = values.double().numpy()
        low, high = np.quantile(numbers, [0.002, 0.998])
        edges = np.linspace(low, high, _BINS + 1)
        shown = np.clip(numbers, edges[0], edges[-1])
        for chosen, style in (
            (~selected, {"fill": True, "color": outside, "alpha": 0.6}),
            (selected, {"color": within}),
        ):
            counts, _ = np.histogram(shown[chosen], edges, density=True)
            axis.stairs(counts, edges, **style)
        axis.set_xlabel(title)
        axis.set_xlim(edges[0], edges[-1])
    axes[1, 0].set_ylabel("Density")
    for row, filled in zip(axes, (len(places), len(columns)), strict=True):
        for axis in row[filled:]:
            axis.set_visible(False)
    figure.legend(
        handles=[
            Line2D([], [], marker="o", linestyle="", color=within, label=region),
            Line2D([], [], marker="o", linestyle="", color=outside, label=f"other {sets}"),
        ],
        loc="upper center", ncols=2, borderaxespad=0.4,
    )  # fmt: skip
    return figure
