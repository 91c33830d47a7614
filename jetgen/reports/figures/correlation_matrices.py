"""Correlations of jet observables, and the differences of samples from the simulated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from jetgen.metrics.correlations import correlation_distance, correlations
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.reports.style import DIVERGING, grid, shortened

_WIDTH = 3
"""Number of matrices per row."""

_CELL, _LETTER = 0.27, 0.085
"""Width in inches of a cell, and of a letter of a label."""


def correlation_matrices(
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    observables: Sequence[Observable],
    reference: str = "simulated",
) -> Figure:
    """The matrix of the simulated jets, then each sample's minus it, with the mean distance."""
    expected = _matrix(real, observables)
    half = len(real) // 2
    halves = correlation_distance(
        _matrix(real[:half], observables), _matrix(real[half:], observables)
    )
    differences = {name: _matrix(jets, observables) - expected for name, jets in samples.items()}
    widest = max(0.1, *(difference.abs().max().item() for difference in differences.values()))
    labels = [observable.formula for observable in observables]
    margin = max(0.55, 0.2 + _LETTER * max(map(_letters, labels)))
    size = max(2.6, _CELL * len(labels))
    columns = min(_WIDTH, 1 + len(samples))
    figure, spec = grid(
        math.ceil((1 + len(samples)) / columns), columns, panel=(size, size),
        margins=(margin, 1.05, margin, 0.4), gaps=(margin + 1.05, margin + 0.5),
    )  # fmt: skip
    axes = list(spec.subplots(squeeze=False).flat)
    _show(axes[0], expected, labels, 1.0, "Correlation")
    axes[0].set_title(f"{reference}; halves: {halves:.3f}", fontsize=11)
    for axis, (name, difference) in zip(axes[1:], differences.items(), strict=False):
        _show(axis, difference, labels, widest, f"Correlation minus {reference}")
        distance = correlation_distance(difference, 0 * difference)
        axis.set_title(f"{shortened(name)}: {distance:.3f}", fontsize=11)
    for axis in axes[1 + len(samples) :]:
        axis.set_visible(False)
    return figure


def _letters(label: str) -> int:
    """Approximate width of a label in letters, with sub- and superscripts above each other."""
    return max(3, len(label) if "$" not in label else 0)


def _matrix(jets: MeasuredSets, observables: Sequence[Observable]) -> Tensor:
    return correlations({o.name: jets.observables[o.name] for o in observables}, jets.frame.weights)


def _show(axes: Axes, matrix: Tensor, labels: Sequence[str], limit: float, meaning: str) -> None:
    image = axes.imshow(matrix.numpy(), cmap=DIVERGING, vmin=-limit, vmax=limit)
    axes.set_xticks(np.arange(len(labels)), labels, rotation=90, fontsize=10)
    axes.set_yticks(np.arange(len(labels)), labels, fontsize=10)
    axes.tick_params(which="both", length=0)
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.04, 0, 0.05, 1)))
    bar.set_label(meaning, fontsize=10)
    bar.ax.tick_params(labelsize=9)
    for (row, column), number in np.ndenumerate(matrix.numpy()):
        if row != column and abs(number) >= 0.1:
            axes.text(
                column, row, f"{number:.1f}".replace("0.", "."), ha="center", va="center",
                fontsize=7, color="white" if abs(number) > 0.6 * limit else "black",
            )  # fmt: skip
