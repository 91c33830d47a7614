"""Distributions of each class as shares of the whole sample, real and generated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jetgen.metrics.weighted_quantiles import quantiles
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.reports.histograms import whole_numbers
from jetgen.reports.style import Legend, grid, lines

_CENTRAL = (0.002, 0.998)
_MOST_BINS, _FEWEST_BINS, _SETS_PER_BIN = 30, 8, 10
_DECADES = 7.5
"""Largest number of decades shown below the highest bin."""


def class_spectra(
    real: Mapping[str, MeasuredSets],
    generated: Mapping[str, MeasuredSets],
    observables: Sequence[Observable],
    total: tuple[float, float],
    reference: str = "real",
) -> Figure:
    """One panel per observable, one colour per class, on a logarithmic scale.

    Points with errors are real sets, lines with bands generated ones, both with event weights.
    Values are shares of the whole sample per bin, so that the fractions of the classes can be
    compared. An observable that does not vary in a class is omitted for this class.

    Args:
        real, generated: sets by class.
        observables: the observables to draw.
        total: total weights of the two samples.
    """
    columns = min(3, len(observables))
    rows = math.ceil(len(observables) / columns)
    looks = lines(list(real))
    legend = Legend(
        [
            *(Line2D([], [], color=look.colour, label=kind) for kind, look in looks.items()),
            Line2D(
                [], [], color="#555555", marker="o", markersize=3, linestyle="", label=reference
            ),
            Line2D([], [], color="#555555", label="generated"),
        ],
        1.1 + 3.5 * columns + 0.95 * (columns - 1),
    )
    figure, spec = grid(
        rows, columns, panel=(3.5, 2.9), margins=(0.95, 0.15, 0.6, legend.height + 0.3),
        gaps=(0.95, 0.7),
    )  # fmt: skip
    axes = list(spec.subplots(squeeze=False).flat)
    for axis, observable in zip(axes, observables, strict=False):
        name = observable.name
        known = {
            kind: sets
            for kind, sets in real.items()
            if name in sets.observables and len(sets.observables[name].unique()) > 1
        }
        edges = _edges(name, list(known.values()))
        centres = (edges[1:] + edges[:-1]) / 2
        highest, lowest = 0.0, math.inf
        for kind, sets in known.items():
            colour = looks[kind].colour
            share, error = _shares(sets, name, edges, total[0])
            filled = share > 0
            highest, lowest = max(highest, share.max()), min(lowest, share[filled].min())
            axis.errorbar(
                centres[filled], share[filled], error[filled], color=colour, linestyle="",
                marker="o", markersize=3, linewidth=1,
            )  # fmt: skip
            share, error = _shares(generated[kind], name, edges, total[1])
            axis.stairs(share, edges, color=colour, linewidth=1.4)
            axis.stairs(
                share + error, edges, baseline=share - error, color=colour, fill=True, alpha=0.25
            )
        axis.set_yscale("log")
        axis.set_ylim(max(highest / 10**_DECADES, lowest / 3), 3 * highest)
        axis.set_xlabel(observable.label)
        axis.set_ylabel("Share of all per bin")
        axis.set_xlim(edges[0], edges[-1])
    for axis in axes[len(observables) :]:
        axis.set_visible(False)
    legend.draw(figure)
    return figure


def _edges(name: str, classes: Sequence[MeasuredSets]) -> np.ndarray:
    """Equal bins, 10 sets of the smallest class per bin; whole numbers are in their middle."""
    values = [sets.observables[name] for sets in classes]
    limits = [quantiles(v, _CENTRAL, sets.weights) for v, sets in zip(values, classes, strict=True)]
    low, high = float(torch.stack(limits).min()), float(torch.stack(limits).max())
    number = min(len(sets) for sets in classes) // _SETS_PER_BIN
    bins = min(max(number, _FEWEST_BINS), _MOST_BINS)
    if all(whole_numbers(v.double().numpy()) for v in values):
        width = math.ceil((high - low + 1) / bins)
        return np.arange(math.floor(low), high + width, width) - 0.5
    return np.linspace(low, high, bins + 1)


def _shares(
    sets: MeasuredSets, name: str, edges: np.ndarray, total: float
) -> tuple[np.ndarray, np.ndarray]:
    """Share of the sample's weight in each bin, and its statistical error."""
    values, weights = sets.observables[name].numpy(), sets.frame.weights.double().numpy()
    share, _ = np.histogram(values, edges, weights=weights / total)
    square, _ = np.histogram(values, edges, weights=(weights / total) ** 2)
    return share, np.sqrt(square)
