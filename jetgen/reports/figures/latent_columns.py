"""Latent dimensions: the codes of held-out jets, and those of the prior."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jetgen.metrics.latent import LatentSpace, order
from jetgen.reports.style import BEYOND, REAL, Legend, grid

_MOST = 20
_WIDTH = 4
_BINS = 24
_PRIOR = "#D55E00"


def shown_columns(latent: LatentSpace) -> list[int]:
    """The latent dimensions that have a panel: at most the 20 most active ones."""
    found: list[int] = order(latent)[:_MOST].tolist()
    return found


def latent_columns(latent: LatentSpace, columns: Sequence[int]) -> Figure:
    """One panel for each of these latent dimensions."""
    width = min(_WIDTH, len(columns))
    legend = Legend(
        [
            Patch(facecolor="#c8c8c8", label="held-out"),
            Line2D([], [], color=_PRIOR, label=f"{latent.prior_name} prior"),
            Line2D([], [], color=REAL, linestyle=":", label="standard normal"),
            Patch(facecolor=BEYOND, alpha=0.5, label="overflow"),
        ],
        0.85 + 2.7 * width + 0.5 * (width - 1),
    )
    figure, spec = grid(
        math.ceil(len(columns) / width), width, panel=(2.7, 1.5),
        margins=(0.7, 0.15, 0.6, legend.height + 0.2), gaps=(0.5, 0.5),
    )  # fmt: skip
    axes = spec.subplots(squeeze=False)
    for axis, column in zip(axes.flat, columns, strict=False):
        real, prior = (codes[:, column].double().numpy() for codes in (latent.codes, latent.prior))
        low, high = np.quantile(np.concatenate([real, prior]), [0.002, 0.998])
        edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
        for values, style in (
            (real, {"fill": True, "color": "#c8c8c8"}),
            (prior, {"color": _PRIOR, "linewidth": 1.5}),
        ):
            counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
            axis.stairs(counts / len(values) / (edges[1] - edges[0]), edges, **style)
        x = np.linspace(edges[0], edges[-1], 100)
        axis.plot(x, np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), ":", color=REAL, linewidth=1.2)
        for start, stop in ((edges[0], edges[1]), (edges[-2], edges[-1])):
            axis.axvspan(start, stop, color=BEYOND, alpha=0.3, linewidth=0, zorder=-1)
        axis.set_xlim(edges[0], edges[-1])
        axis.set_xlabel(f"$z_{{{column + 1}}}$")
    for axis in axes[:, 0]:
        axis.set_ylabel("Density")
    for axis in list(axes.flat)[len(columns) :]:
        axis.set_visible(False)
    legend.draw(figure)
    return figure
