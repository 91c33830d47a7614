"""Distances of generated and of held-out sets to the nearest training set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jetgen.kinds import Noun
from jetgen.metrics.memorisation import NEAR, Memorisation
from jetgen.reports.style import REAL, Legend, Line, grid, log_ticks, shortened

_BINS = 40
_DECADES = 2.0
"""The axis reaches at most this far below the dashed line; what is below is in the first bin."""


def memorisation(
    memorised: Mapping[str, Memorisation], looks: Mapping[str, Line], noun: Noun
) -> Figure:
    """One panel with a logarithmic axis: held-out sets filled, samples as lines."""
    held_out = next(iter(memorised.values())).held_out.numpy()
    limit = np.quantile(held_out, NEAR)
    handles = [
        Patch(facecolor="#dcdcdc", edgecolor=REAL, linewidth=1.2, label="held-out"),
        *(
            Line2D(
                [], [], color=looks[name].colour, linestyle=looks[name].dashes,
                label=f"{shortened(name)}: {100 * found.near:.1f} ± {100 * found.near_error:.1f} % "
                "left of the line",
            )
            for name, found in memorised.items()
        ),
    ]  # fmt: skip
    panel, margins = (5.3, 3.2), (0.85, 0.2, 0.65)
    legend = Legend(handles, panel[0] + margins[0] + margins[1])
    figure, spec = grid(
        1, 1, panel=panel, margins=(*margins, legend.height + 0.25), gaps=(0.0, 0.0)
    )
    axes = figure.add_subplot(spec[0])
    samples = {name: found.generated.numpy() for name, found in memorised.items()}
    lowest = min(values.min() for values in (held_out, *samples.values()))
    highest = max(values.max() for values in (held_out, *samples.values()))
    floor = max(limit, np.finfo(float).tiny) / 10**_DECADES
    edges = np.geomspace(max(lowest * 0.9, floor), highest * 1.1, _BINS + 1)
    counts = _shares(held_out, edges)
    axes.stairs(counts, edges, fill=True, color="#dcdcdc", zorder=0)
    axes.stairs(counts, edges, color=REAL, linewidth=1.2, zorder=1)
    for name, values in samples.items():
        look = looks[name]
        axes.stairs(
            _shares(values, edges), edges, color=look.colour, linestyle=look.dashes, zorder=2
        )
    axes.axvline(limit, color=REAL, linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    log_ticks(axes.xaxis)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"Distance to the nearest training {noun.one}")
    axes.set_ylabel(f"Share of {noun.many} per bin")
    legend.draw(figure)
    return figure


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return counts / len(values)
