"""Figures of a hyper-parameter search: history, importances, parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

_COLOURS = colormaps["viridis"]


def history(numbers: Sequence[int], values: Sequence[float], metric: str) -> Figure:
    """Values against the trials' numbers, and the smallest so far."""
    order = np.argsort(numbers)
    x, y = np.asarray(numbers)[order], np.asarray(values)[order]
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(x, y, "o", color="#0072B2", label="trial")
    axes.step(x, np.minimum.accumulate(y), where="post", color="#D55E00", label="best so far")
    axes.set_xlabel("Trial")
    axes.set_ylabel(metric)
    axes.legend()
    return figure


def importances(shares: Mapping[str, float]) -> Figure:
    """One bar per option, the largest on top."""
    names = sorted(shares, key=lambda name: shares[name])
    figure = Figure(figsize=(6.5, 1.2 + 0.4 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(names, [shares[name] for name in names], color="#0072B2")
    axes.set_xlabel("Importance")
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", which="both", length=0)
    return figure


def parallel_coordinates(
    settings: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    values: Sequence[float],
    metric: str,
) -> Figure:
    """One line per trial; numbers on the scale of their ranks, choices evenly spaced."""
    figure = Figure(figsize=(2.2 * len(names) + 2.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    colour = Normalize(min(values), max(values))
    heights = []
    for place, name in enumerate(names):
        column = [setting.get(name) for setting in settings]
        height, ticks = _heights(column)
        heights.append(height)
        axes.axvline(place, color="#b0b0b0", linewidth=1, zorder=0)
        for at, label in ticks:
            axes.text(place + 0.03, at, label, fontsize=9, va="center", zorder=3)
    for row in np.argsort(values)[::-1]:
        axes.plot(
            range(len(names)), [height[row] for height in heights], linewidth=1.6, alpha=0.85,
            color=_COLOURS(colour(values[row])),
        )  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks([])
    axes.tick_params(axis="x", which="both", length=0)
    axes.set_xlim(-0.1, len(names) - 0.6)
    axes.set_ylim(-0.06, 1.06)
    figure.colorbar(ScalarMappable(colour, _COLOURS), ax=axes, label=metric, pad=0.01)
    return figure


def _heights(column: Sequence[Any]) -> tuple[list[float], list[tuple[float, str]]]:
    """Heights in [0, 1] of the values of one option, and the labels with their heights."""
    numbers = [value for value in column if isinstance(value, (int, float))]
    distinct = set(column)
    if len(numbers) < len(column) or len(distinct) < 3:
        ordered = sorted(distinct) if len(numbers) == len(column) else sorted(distinct, key=str)
        step = {value: k / max(1, len(ordered) - 1) for k, value in enumerate(ordered)}
        ticks = [(at, f"{value:.3g}" if numbers else str(value)) for value, at in step.items()]
        return [step[value] for value in column], ticks
    low, high = min(numbers), max(numbers)
    if low > 0 and high / low > 30:
        heights = [math.log(value / low) / math.log(high / low) for value in numbers]
        middle = math.sqrt(low * high)
    else:
        heights = [(value - low) / (high - low) for value in numbers]
        middle = (low + high) / 2
    return heights, [(0.0, f"{low:.3g}"), (0.5, f"{middle:.3g}"), (1.0, f"{high:.3g}")]
