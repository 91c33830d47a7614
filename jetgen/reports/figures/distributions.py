"""Distributions with ratio and pull panels: real jets against samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jetgen.kinds import Noun
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.quantities import Quantity, Values, read_off
from jetgen.reports.histograms import (
    Array,
    Binning,
    Density,
    binning,
    density,
    floor_band,
    pull,
    ratio,
)
from jetgen.reports.style import BEYOND, REAL, Line, grid

_RATIO_RANGE = (0.4, 1.6)
_PULL_RANGE = (-5.0, 5.0)
_TALLEST = 3.0
"""Samples above so many times the highest real bin leave the panel."""

_STEEP = 100.0
"""Real distributions whose highest bin is so many times the middle one have logarithmic axes."""

_DARKER, _LIGHTER = "#a9a9a9", "#dcdcdc"
"""Bands of the real jets: their own statistical error, and the floor."""

_KEY_HEIGHT, _KEY_WIDTH, _LETTER_WIDTH = 0.26, 0.55, 0.1
"""Inches of an entry of the legend."""


def distributions(
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    quantities: Sequence[Quantity],
    looks: Mapping[str, Line],
) -> Figure:
    """One stack of panels a quantity that the real jets and at least one sample know."""
    panels = []
    for quantity in quantities:
        reference = read_off(real, quantity)
        read = {name: read_off(jets, quantity) for name, jets in samples.items()}
        known = {name: values for name, values in read.items() if values and len(values.values)}
        if reference and len(reference.values) and known:
            panels.append((quantity, reference, known))
    columns = len(panels) if len(panels) < 4 else 4 if len(panels) in (4, 7, 8) else 3
    rows = math.ceil(len(panels) / columns)
    panel = (2.75 if columns == 4 else 3.1, 4.1)
    handles = _legend(samples, looks)
    keys = _legend_rows([str(handle.get_label()) for handle in handles], columns * panel[0])
    figure, outer = grid(
        rows,
        columns,
        panel=panel,
        margins=(0.75, 0.15, 0.6, 0.75 + _KEY_HEIGHT * (keys - 1)),
        gaps=(0.75, 0.8),
    )
    for place, (quantity, reference, known) in enumerate(panels):
        inner = outer[place // columns, place % columns].subgridspec(
            3, 1, height_ratios=[2.5, 1, 1], hspace=0.06
        )
        top = figure.add_subplot(inner[0])
        lower = [figure.add_subplot(inner[row], sharex=top) for row in (1, 2)]
        _panel((top, *lower), quantity, reference, known, real, samples, looks)
    figure.legend(
        handles=handles,
        loc="upper center",
        ncols=math.ceil(len(handles) / keys),
        borderaxespad=0.3,
        columnspacing=1.2,
        handlelength=1.6,
        handletextpad=0.5,
    )
    return figure


def _legend_rows(labels: Sequence[str], width: float) -> int:
    """Rows that a legend of these labels needs in so many inches."""
    return math.ceil(sum(_KEY_WIDTH + _LETTER_WIDTH * len(label) for label in labels) / width)


def _legend(samples: Mapping[str, MeasuredSets], looks: Mapping[str, Line]) -> list[Line2D | Patch]:
    return [
        Patch(facecolor=_DARKER, edgecolor=REAL, linewidth=1.2, label="real"),
        Patch(facecolor=_LIGHTER, label="floor"),
        Patch(facecolor=BEYOND, alpha=0.5, label="overflow"),
        *(
            Line2D([], [], color=looks[name].colour, linestyle=looks[name].dashes, label=name)
            for name in samples
        ),
    ]


def _panel(
    axes: tuple[Axes, ...],
    quantity: Quantity,
    reference: Values,
    known: Mapping[str, Values],
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    looks: Mapping[str, Line],
) -> None:
    top, middle, bottom = axes
    name = quantity.name
    bins = binning(
        reference.values.numpy(),
        [values.values.numpy() for values in known.values()],
        name=name,
        weights=real.relative.weights[reference.jet].double().numpy(),
    )
    expected = density(reference, real.relative.weights, bins)
    floor = floor_band(expected, len(real), min(len(samples[sample]) for sample in known))
    _draw_real(axes, expected, floor, bins)
    highest = expected.height.max()
    for sample, values in known.items():
        found, look = density(values, samples[sample].relative.weights, bins), looks[sample]
        _draw_sample(top, found, bins, look)
        relative = ratio(found, expected)
        _band(middle, 1.0, relative.height, relative.error, bins, look)
        _steps(middle, relative.height, bins, look, _RATIO_RANGE)
        _steps(bottom, pull(found, expected), bins, look, _PULL_RANGE)
        highest = max(highest, min(found.height.max(), _TALLEST * expected.height.max()))
    _dress(axes, quantity, bins, expected, real.kind.noun)
    if top.get_yscale() == "linear":
        top.set_ylim(0, 1.25 * highest)


def _draw_real(axes: tuple[Axes, ...], real: Density, floor: Array, bins: Binning) -> None:
    top, middle, bottom = axes
    edges = bins.edges
    top.stairs(real.height, edges, fill=True, color="#eeeeee", zorder=0)
    top.stairs(
        real.height + real.error, edges, baseline=real.height - real.error, fill=True,
        color=_DARKER, zorder=1,
    )  # fmt: skip
    top.stairs(real.height, edges, color=REAL, linewidth=1.2, zorder=2)
    own = np.nan_to_num(ratio(real, real).error)
    for error, colour in ((floor, _LIGHTER), (own, _DARKER)):
        middle.stairs(1 + error, edges, baseline=1 - error, fill=True, color=colour, zorder=0)
    middle.axhline(1, color=REAL, linewidth=1, zorder=1)
    bottom.axhspan(-1, 1, color=_LIGHTER, linewidth=0, zorder=0)
    bottom.axhline(0, color=REAL, linewidth=1, zorder=1)


def _draw_sample(top: Axes, sample: Density, bins: Binning, look: Line) -> None:
    top.stairs(
        sample.height + sample.error, bins.edges, baseline=sample.height - sample.error,
        fill=True, color=look.colour, alpha=0.25, zorder=3,
    )  # fmt: skip
    top.stairs(sample.height, bins.edges, color=look.colour, linestyle=look.dashes, zorder=4)


def _band(axes: Axes, blank: float, values: Array, error: Array, bins: Binning, look: Line) -> None:
    """A band of ``values`` and their errors, cut at the ratio's range; ``blank`` where NaN."""
    low, high = (
        np.clip(np.nan_to_num(values + sign * error, nan=blank), *_RATIO_RANGE) for sign in (-1, 1)
    )
    axes.stairs(high, bins.edges, baseline=low, fill=True, color=look.colour, alpha=0.25, zorder=3)


def _steps(
    axes: Axes, values: Array, bins: Binning, look: Line, limits: tuple[float, float]
) -> None:
    """A line of steps; triangles mark bins whose value lies outside the limits."""
    low, high = limits
    edges = bins.edges
    axes.stairs(
        np.clip(values, low, high), edges, baseline=None, color=look.colour,
        linestyle=look.dashes, linewidth=1.3, zorder=4,
    )  # fmt: skip
    centres = np.sqrt(edges[1:] * edges[:-1]) if bins.logarithmic else (edges[1:] + edges[:-1]) / 2
    inset = 0.06 * (high - low)
    for beyond, marker, at in (
        (values > high, "^", high - inset),
        (values < low, "v", low + inset),
    ):
        axes.plot(
            centres[beyond], np.full(beyond.sum(), at), marker, color=look.colour,
            markersize=4.5, markeredgewidth=0, zorder=5,
        )  # fmt: skip


def _dress(
    axes: tuple[Axes, ...], quantity: Quantity, bins: Binning, real: Density, noun: Noun
) -> None:
    top, middle, bottom = axes
    observable, edges = quantity.observable, bins.edges
    each = f"{noun.item.capitalize()}s per {noun.one}"
    what = each if quantity.pooled else f"Fraction of {noun.many}"
    unit = f" / {observable.unit}" if observable.unit else ""
    whole = quantity.name == "multiplicity"
    top.set_ylabel(what if whole else f"{what}{unit or ' / unit'}")
    middle.set_ylabel("Ratio")
    bottom.set_ylabel("Pull")
    bottom.set_xlabel(observable.label)
    if bins.logarithmic:
        top.set_xscale("log")
    positive = real.height[real.height > 0]
    if quantity.pooled or positive.max() > _STEEP * np.median(positive):
        top.set_yscale("log")
        top.set_ylim(positive.min() / 4, positive.max() * 3)
    top.set_xlim(edges[0], edges[-1])
    middle.set_ylim(*_RATIO_RANGE)
    bottom.set_ylim(*_PULL_RANGE)
    for panel in (top, middle):
        panel.tick_params(labelbottom=False)
    for panel in axes:
        for beyond, start, stop in (
            (bins.underflow, edges[0], edges[1]),
            (bins.overflow, edges[-2], edges[-1]),
        ):
            if beyond:
                panel.axvspan(start, stop, color=BEYOND, alpha=0.3, linewidth=0, zorder=-1)
    marks = [mark for mark, there in (("<", bins.underflow), (">", bins.overflow)) if there]
    for mark in marks:
        top.text(
            0.01 if mark == "<" else 0.99, 0.985, mark, transform=top.transAxes, fontsize=10,
            ha="left" if mark == "<" else "right", va="top", weight="bold",
        )  # fmt: skip
