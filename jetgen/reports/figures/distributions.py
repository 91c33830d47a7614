"""Distributions with ratio panels: real jets against samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jetgen.evaluation.quantities import Quantity, Values, read_off
from jetgen.physics.observables import Measured
from jetgen.reports.histograms import Binning, Density, binning, density, ratio
from jetgen.reports.style import REAL, Line, grid

_RATIO_RANGE = (0.4, 1.6)
_TALLEST = 3.0
"""Samples above so many times the highest real bin leave the panel."""


def distributions(
    real: Measured,
    samples: Mapping[str, Measured],
    quantities: Sequence[Quantity],
    looks: Mapping[str, Line],
) -> Figure:
    """One panel a quantity that the real jets and at least one sample know."""
    panels = []
    for quantity in quantities:
        reference = read_off(real, quantity)
        read = {name: read_off(jets, quantity) for name, jets in samples.items()}
        known = {name: values for name, values in read.items() if values and len(values.values)}
        if reference and len(reference.values) and known:
            panels.append((quantity, reference, known))
    columns = len(panels) if len(panels) < 4 else 4 if len(panels) in (4, 7, 8) else 3
    rows = math.ceil(len(panels) / columns)
    panel = (2.75 if columns == 4 else 3.1, 3.4)
    figure, outer = grid(
        rows, columns, panel=panel, margins=(0.75, 0.15, 0.6, 0.75), gaps=(0.75, 0.8)
    )
    for place, (quantity, reference, known) in enumerate(panels):
        inner = outer[place // columns, place % columns].subgridspec(
            2, 1, height_ratios=[2.5, 1], hspace=0.06
        )
        top = figure.add_subplot(inner[0])
        bottom = figure.add_subplot(inner[1], sharex=top)
        _panel(top, bottom, quantity, reference, known, real, samples, looks)
    handles: list[Line2D | Patch] = [
        Patch(facecolor="#c8c8c8", edgecolor=REAL, linewidth=1.2, label="real")
    ]
    handles += [
        Line2D([], [], color=looks[name].colour, linestyle=looks[name].dashes, label=name)
        for name in samples
    ]
    figure.legend(
        handles=handles,
        loc="upper center",
        ncols=len(handles),
        borderaxespad=0.3,
        columnspacing=1.5,
    )
    return figure


def _panel(
    top: Axes,
    bottom: Axes,
    quantity: Quantity,
    reference: Values,
    known: Mapping[str, Values],
    real: Measured,
    samples: Mapping[str, Measured],
    looks: Mapping[str, Line],
) -> None:
    name = quantity.name
    bins = binning(
        reference.values.numpy(), [values.values.numpy() for values in known.values()], name=name
    )
    expected = density(reference, real.relative.weights, bins)
    _draw_real(top, bottom, expected, bins)
    highest = expected.height.max()
    for sample, values in known.items():
        found = density(values, samples[sample].relative.weights, bins)
        _draw_sample(top, bottom, found, expected, bins, looks[sample])
        highest = max(highest, min(found.height.max(), _TALLEST * expected.height.max()))
    _dress(top, bottom, quantity, bins, expected)
    if top.get_yscale() == "linear":
        top.set_ylim(0, 1.25 * highest)


def _draw_real(top: Axes, bottom: Axes, real: Density, bins: Binning) -> None:
    edges = bins.edges
    top.stairs(real.height, edges, fill=True, color="#e9e9e9", zorder=0)
    top.stairs(
        real.height + real.error, edges, baseline=real.height - real.error, fill=True,
        color="#9a9a9a", alpha=0.6, zorder=1,
    )  # fmt: skip
    top.stairs(real.height, edges, color=REAL, linewidth=1.2, zorder=2)
    own = ratio(real, real)
    bottom.stairs(
        1 + np.nan_to_num(own.error), edges, baseline=1 - np.nan_to_num(own.error), fill=True,
        color="#9a9a9a", alpha=0.45, zorder=0,
    )  # fmt: skip
    bottom.axhline(1, color=REAL, linewidth=1, zorder=1)


def _draw_sample(
    top: Axes, bottom: Axes, sample: Density, real: Density, bins: Binning, look: Line
) -> None:
    edges = bins.edges
    top.stairs(
        sample.height + sample.error, edges, baseline=sample.height - sample.error, fill=True,
        color=look.colour, alpha=0.25, zorder=3,
    )  # fmt: skip
    top.stairs(sample.height, edges, color=look.colour, linestyle=look.dashes, zorder=4)
    found = ratio(sample, real)
    low, high = _RATIO_RANGE
    bottom.stairs(
        np.clip(found.height, low, high), edges, baseline=None, color=look.colour,
        linestyle=look.dashes, linewidth=1.3, zorder=4,
    )  # fmt: skip
    bottom.stairs(
        np.clip(np.nan_to_num(found.height + found.error, nan=1.0), low, high), edges,
        baseline=np.clip(np.nan_to_num(found.height - found.error, nan=1.0), low, high),
        fill=True, color=look.colour, alpha=0.25, zorder=3,
    )  # fmt: skip
    centres = np.sqrt(edges[1:] * edges[:-1]) if bins.logarithmic else (edges[1:] + edges[:-1]) / 2
    for beyond, marker, at in ((found.height > high, "^", high), (found.height < low, "v", low)):
        inside = at + (-0.07 if marker == "^" else 0.07)
        bottom.plot(
            centres[beyond], np.full(beyond.sum(), inside), marker, color=look.colour,
            markersize=4.5, markeredgewidth=0, zorder=5,
        )  # fmt: skip


def _dress(top: Axes, bottom: Axes, quantity: Quantity, bins: Binning, real: Density) -> None:
    observable, edges = quantity.observable, bins.edges
    pooled = quantity.name in ("etarel", "phirel", "ptrel")
    what = "Particles per jet" if pooled else "Fraction of jets"
    unit = f" / {observable.unit}" if observable.unit else ""
    whole = quantity.name == "multiplicity"
    top.set_ylabel(what if whole else f"{what}{unit or ' / unit'}")
    bottom.set_ylabel("Ratio to real")
    bottom.set_xlabel(observable.label)
    if bins.logarithmic:
        top.set_xscale("log")
    if pooled:
        top.set_yscale("log")
        positive = real.height[real.height > 0]
        top.set_ylim(positive.min() / 4, positive.max() * 3)
    top.set_xlim(edges[0], edges[-1])
    bottom.set_ylim(*_RATIO_RANGE)
    top.tick_params(labelbottom=False)
    for axes in (top, bottom):
        for beyond, start, stop in (
            (bins.underflow, edges[0], edges[1]),
            (bins.overflow, edges[-2], edges[-1]),
        ):
            if beyond:
                axes.axvspan(start, stop, color="#f0e442", alpha=0.3, linewidth=0, zorder=-1)
    marks = [mark for mark, there in (("<", bins.underflow), (">", bins.overflow)) if there]
    for mark in marks:
        top.text(
            0.01 if mark == "<" else 0.99, 0.985, mark, transform=top.transAxes, fontsize=10,
            ha="left" if mark == "<" else "right", va="top", weight="bold",
        )  # fmt: skip
