"""Distributions of simulated sets and samples, with ratio and pull panels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator
from torch import Tensor

from jetgen.kinds import Noun
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.quantities import Quantity, quantity_values
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
from jetgen.reports.style import BEYOND, REAL, Legend, Line, grid, log_ticks, shortened
from jetgen.threads import in_threads
from jetgen.weights import equal

_TALLEST = 3.0
"""Samples above this many times the highest bin of the simulated sets are clipped."""

_STEEP = 100.0
"""Distributions whose highest bin is this many times the median one have logarithmic axes."""

_DARKER, _LIGHTER = "#a9a9a9", "#dcdcdc"
"""Bands of the simulated sets: their own statistical error, and the floor."""

_RATIO_WIDTHS = (0.1, 0.2, 0.5, 1.0)
"""Half-widths around one of a linear ratio axis; larger axes are logarithmic."""

_WIDEST_RATIO = 8.0
_MOST_BANDS = 4
"""Samples up to which each has a band of its statistical error; more would hide each other."""

_PULLS = (3.0, 5.0)
"""Limits of a linear pull axis; larger axes are logarithmic beyond 3."""

_APART = 0.35
"""Smallest distance between the numbers of a logarithmic pull axis, as a share of half of it."""


class Panel(NamedTuple):
    """The histograms of one quantity.

    Args:
        quantity: what was filled.
        bins: the bins.
        real: the simulated sets.
        floor: relative error of the ratio of as many other simulated sets.
        samples: the samples that have the quantity, by name.
    """

    quantity: Quantity
    bins: Binning
    real: Density
    floor: Array
    samples: dict[str, Density]


def distributions(
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    quantities: Sequence[Quantity],
    looks: Mapping[str, Line],
    reference: str = "simulated",
) -> Figure:
    """One stack of panels per quantity of the simulated sets and at least one sample."""
    found = panels(real, samples, quantities)
    return draw_panels(found, list(samples), looks, real.kind.noun, reference)


def draw_panels(
    panels: Sequence[Panel],
    samples: Sequence[str],
    looks: Mapping[str, Line],
    noun: Noun,
    reference: str,
) -> Figure:
    """The figure of histograms that are filled; ``samples`` are in the legend."""
    columns = len(panels) if len(panels) < 4 else 4 if len(panels) in (4, 7, 8) else 3
    rows = math.ceil(len(panels) / columns)
    panel, gap = (2.75 if columns == 4 else 3.1, 4.1), (0.95, 0.8)
    width = 1.0 + columns * panel[0] + (columns - 1) * gap[0]
    legend = Legend(_keys(samples, looks, reference), width)
    figure, outer = grid(
        rows, columns, panel=panel, margins=(0.85, 0.15, 0.6, legend.height + 0.35), gaps=gap
    )
    for place, histograms in enumerate(panels):
        inner = outer[place // columns, place % columns].subgridspec(
            3, 1, height_ratios=[2.5, 1, 1], hspace=0.06
        )
        top = figure.add_subplot(inner[0])
        middle, bottom = (figure.add_subplot(inner[row], sharex=top) for row in (1, 2))
        _draw(histograms, (top, middle, bottom), looks, noun)
    legend.draw(figure)
    return figure


def panels(
    real: MeasuredSets, samples: Mapping[str, MeasuredSets], quantities: Sequence[Quantity]
) -> list[Panel]:
    """The histograms of all quantities that can be drawn.

    The simulated sets and at least one sample have them, and they vary by more than rounding
    errors.
    """
    found = in_threads(partial(_filled, real, samples), quantities)
    return [panel for panel in found if panel is not None]


_ROUNDING = 1e-5
"""Largest range of values, relative to their size, that counts as a rounding error."""


def _filled(
    real: MeasuredSets, samples: Mapping[str, MeasuredSets], quantity: Quantity
) -> Panel | None:
    """The histograms of a quantity; the values of one sample at a time are in memory."""
    target = quantity_values(real, quantity)
    ends = {}
    for name, jets in samples.items():
        read = quantity_values(jets, quantity)
        if read is not None and len(read.values):
            ends[name] = _ends(read.values)
    if target is None or not len(target.values) or not ends:
        return None
    every = np.concatenate([_ends(target.values), *ends.values()])
    if np.ptp(every) <= _ROUNDING * np.abs(every).max():
        return None
    own = real.frame.weights
    weights = None if equal(own) else own[target.jet].double().numpy()
    bins = binning(target.values.numpy(), list(ends.values()), name=quantity.name, weights=weights)
    expected = density(target, own, bins)
    del target
    found = {}
    for name in ends:
        read = quantity_values(samples[name], quantity)
        assert read is not None
        found[name] = density(read, samples[name].frame.weights, bins)
    floor = floor_band(expected, real.counted, min(samples[name].counted for name in ends))
    return Panel(quantity, bins, expected, floor, found)


def _ends(values: Tensor) -> Array:
    """The smallest and the largest of them."""
    return torch.stack(values.aminmax()).double().numpy()


def _keys(
    samples: Sequence[str], looks: Mapping[str, Line], reference: str
) -> list[Line2D | Patch]:
    return [
        Patch(facecolor=_DARKER, edgecolor=REAL, linewidth=1.2, label=reference),
        Patch(facecolor=_LIGHTER, label="floor"),
        Patch(facecolor=BEYOND, alpha=0.5, label="overflow"),
        *(
            Line2D(
                [], [], color=looks[name].colour, linestyle=looks[name].dashes,
                label=shortened(name),
            )
            for name in samples
        ),
    ]  # fmt: skip


def _draw(
    panel: Panel, axes: tuple[Axes, Axes, Axes], looks: Mapping[str, Line], noun: Noun
) -> None:
    top, middle, bottom = axes
    quantity, bins, expected, floor, found = panel
    ratios = {sample: ratio(one, expected) for sample, one in found.items()}
    pulls = {sample: pull(one, expected) for sample, one in found.items()}
    limits = _ratio_axis(middle, floor, list(ratios.values()))
    _draw_real(axes, expected, floor, limits, bins)
    _pull_axis(bottom, list(pulls.values()))
    within = slice(int(bins.underflow), len(expected.height) - int(bins.overflow))
    tallest = _TALLEST * expected.height[within].max()
    highest = expected.height[within].max()
    for sample, one in found.items():
        look = looks[sample]
        _draw_sample(top, one, bins, look)
        if len(found) <= _MOST_BANDS:
            _draw_errors(top, one, bins, look)
            _band(middle, ratios[sample], limits, bins, look)
        _steps(middle, ratios[sample].height, limits, bins, look)
        bottom.stairs(
            pulls[sample], bins.edges, baseline=None, color=look.colour, linestyle=look.dashes,
            linewidth=1.3, zorder=4,
        )  # fmt: skip
        highest = max(highest, min(one.height[within].max(), tallest))
    _dress(axes, quantity, bins, expected, noun)
    if top.get_yscale() == "linear":
        top.set_ylim(0, 1.25 * highest)
        top.yaxis.set_major_locator(MaxNLocator(5))


def _ratio_axis(axes: Axes, floor: Array, ratios: Sequence[Density]) -> tuple[float, float]:
    """Limits that include 90 % of the ratios with an error below 0.5, and the floor's median.

    Each sample has the same weight; triangles mark ratios outside the limits.
    """
    far = [np.median(floor[floor > 0])] if (floor > 0).any() else [0.0]
    for one in ratios:
        sure = np.isfinite(one.height) & ~(one.error > 0.5)
        if sure.any():
            far.append(np.quantile(np.maximum(one.height, 1e-9)[sure], 0.95) - 1)
            far.append(1 - np.quantile(one.height[sure], 0.05))
    half = next((half for half in _RATIO_WIDTHS if max(far) <= half), None)
    if half is not None:
        axes.set_ylim(1 - 1.25 * half, 1 + 1.25 * half)
        axes.yaxis.set_major_locator(FixedLocator([1 - half, 1, 1 + half]))
        return 1 - 1.25 * half, 1 + 1.25 * half
    axes.set_yscale("log", base=2)
    axes.set_ylim(1 / _WIDEST_RATIO, _WIDEST_RATIO)
    axes.yaxis.set_major_locator(FixedLocator([0.25, 1, 4]))
    axes.yaxis.set_major_formatter(FixedFormatter(["1/4", "1", "4"]))
    return 1 / _WIDEST_RATIO, _WIDEST_RATIO


def _pull_axis(axes: Axes, pulls: Sequence[Array]) -> None:
    """Choose an axis with all pulls: linear up to 3 or 5, else logarithmic beyond 3."""
    largest = max((np.nanmax(np.abs(one)) for one in pulls if np.isfinite(one).any()), default=0.0)
    linear = next((limit for limit in _PULLS if largest <= limit), None)
    if linear is not None:
        axes.set_ylim(-1.3 * linear, 1.3 * linear)
        axes.yaxis.set_major_locator(FixedLocator([-linear, 0, linear]))
        return
    axes.set_yscale("symlog", linthresh=3, linscale=1.0)
    axes.set_ylim(-2 * largest, 2 * largest)
    power = 10 ** math.floor(math.log10(largest))
    end = next(step * power for step in (5, 2, 1) if step * power <= largest)
    decades = 1 + math.log10(2 * largest / 3)  # of half the axis, the first one of them linear
    apart = min(1, math.log10(end / 3)) / decades
    ticks = [-end, -3, 0, 3, end] if apart > _APART else [-end, 0, end]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(
        FixedFormatter([f"{tick:g}".replace("-", "−") for tick in ticks])
    )


def _draw_real(
    axes: tuple[Axes, Axes, Axes],
    real: Density,
    floor: Array,
    limits: tuple[float, float],
    bins: Binning,
) -> None:
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
        low, high = np.clip([1 - error, 1 + error], *limits)
        middle.stairs(high, edges, baseline=low, fill=True, color=colour, zorder=0)
    middle.axhline(1, color=REAL, linewidth=1, zorder=1)
    bottom.axhspan(-1, 1, color=_LIGHTER, linewidth=0, zorder=0)
    bottom.axhline(0, color=REAL, linewidth=1, zorder=1)


def _draw_sample(top: Axes, sample: Density, bins: Binning, look: Line) -> None:
    top.stairs(sample.height, bins.edges, color=look.colour, linestyle=look.dashes, zorder=4)


def _draw_errors(top: Axes, sample: Density, bins: Binning, look: Line) -> None:
    top.stairs(
        sample.height + sample.error, bins.edges, baseline=sample.height - sample.error,
        fill=True, color=look.colour, alpha=0.25, zorder=3,
    )  # fmt: skip


def _band(
    axes: Axes, found: Density, limits: tuple[float, float], bins: Binning, look: Line
) -> None:
    """A band of a ratio and its errors, clipped at the limits; empty where NaN."""
    low, high = (
        np.clip(np.nan_to_num(found.height + sign * found.error, nan=1.0), *limits)
        for sign in (-1, 1)
    )
    axes.stairs(high, bins.edges, baseline=low, fill=True, color=look.colour, alpha=0.25, zorder=3)


def _steps(
    axes: Axes, values: Array, limits: tuple[float, float], bins: Binning, look: Line
) -> None:
    """A step line; triangles mark bins with values outside the limits."""
    axes.stairs(
        np.clip(values, *limits), bins.edges, baseline=None, color=look.colour,
        linestyle=look.dashes, linewidth=1.3, zorder=4,
    )  # fmt: skip
    for beyond, marker, height in (
        (values > limits[1], "^", 0.94),
        (values < limits[0], "v", 0.06),
    ):
        axes.plot(
            bins.centres[beyond], np.full(beyond.sum(), height), marker, color=look.colour,
            transform=axes.get_xaxis_transform(), markersize=4.5, markeredgewidth=0, zorder=5,
        )  # fmt: skip


def _dress(
    axes: tuple[Axes, Axes, Axes], quantity: Quantity, bins: Binning, real: Density, noun: Noun
) -> None:
    top, middle, bottom = axes
    edges = bins.edges
    top.set_ylabel(density_label(quantity, noun, logarithmic=bins.logarithmic), fontsize=12)
    middle.set_ylabel("Ratio", fontsize=12)
    bottom.set_ylabel("Pull", fontsize=12)
    bottom.set_xlabel(quantity.observable.label)
    if bins.logarithmic:
        top.set_xscale("log")
    positive = real.height[real.height > 0]
    if not bins.logarithmic and (quantity.pooled or positive.max() > _STEEP * np.median(positive)):
        top.set_yscale("log")
        top.set_ylim(positive.min() / 4, positive.max() * 3)
    top.set_xlim(edges[0], edges[-1])
    if bins.logarithmic:
        log_ticks(top.xaxis)
    elif bool(np.all(edges % 1 == 0.5)):  # bins about whole numbers
        top.xaxis.set_major_locator(MaxNLocator(integer=True))
    for panel in (top, middle):
        panel.tick_params(which="both", labelbottom=False)
    for panel in (middle, bottom):
        panel.yaxis.set_minor_locator(NullLocator())
    for panel in axes:
        for beyond, start, stop in (
            (bins.underflow, edges[0], edges[1]),
            (bins.overflow, edges[-2], edges[-1]),
        ):
            if beyond:
                panel.axvspan(start, stop, color=BEYOND, alpha=0.3, linewidth=0, zorder=-1)


def density_label(quantity: Quantity, noun: Noun, *, logarithmic: bool = False) -> str:
    """``(1/N) dN/dx [1/unit]``: N counts sets, or items if the quantity is pooled over items."""
    observable = quantity.observable
    formula, unit = observable.formula, observable.unit
    if logarithmic:
        formula, unit = rf"$\,\log_{{10}}${formula}", ""
    elif "/" in formula or ("$" not in formula and len(formula) > 1):
        formula = f"({formula})"
    count = rf"$N_\mathrm{{{noun.many}}}$" if quantity.pooled else "$N$"
    each = rf"$N_\mathrm{{{noun.item}s}}$" if quantity.pooled else "$N$"
    return f"(1/{count}) d{each}/d{formula}" + (f" [1/{unit}]" if unit else "")
