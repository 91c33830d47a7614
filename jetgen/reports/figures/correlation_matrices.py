"""Correlations of jet observables, and how far samples are from the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from jetgen.metrics.correlations import correlation_distance, correlations
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.reports.style import DIVERGING, grid


def correlation_matrices(
    real: MeasuredSets, samples: Mapping[str, MeasuredSets], observables: Sequence[Observable]
) -> Figure:
    """The real jets' matrix, and below it each sample's minus it, with the mean distance."""
    expected = _matrix(real, observables)
    half = len(real) // 2
    halves = correlation_distance(
        _matrix(real[:half], observables), _matrix(real[half:], observables)
    )
    columns = len(samples)
    figure, spec = grid(
        2, columns, panel=(3.0, 3.0), margins=(1.5, 1.2, 1.25, 0.4), gaps=(0.25, 1.55)
    )
    axis = figure.add_subplot(spec[0, 0])
    _show(axis, expected, observables, 1.0)
    axis.set_title(f"real; halves: {halves:.3f}")
    bar = figure.colorbar(axis.images[0], cax=axis.inset_axes((1.06, 0, 0.06, 1)))
    bar.set_label("Correlation")
    differences = {name: _matrix(jets, observables) - expected for name, jets in samples.items()}
    widest = max(0.1, *(difference.abs().max().item() for difference in differences.values()))
    for column, (name, difference) in enumerate(differences.items()):
        axis = figure.add_subplot(spec[1, column])
        _show(axis, difference, observables, widest)
        axis.tick_params(labelleft=column == 0)
        distance = correlation_distance(difference, 0 * difference)
        axis.set_title(f"{name}: {distance:.3f}", fontsize=11)
    bar = figure.colorbar(axis.images[0], cax=axis.inset_axes((1.06, 0, 0.06, 1)))
    bar.set_label("Correlation minus real")
    return figure


def _matrix(jets: MeasuredSets, observables: Sequence[Observable]) -> Tensor:
    return correlations(
        {o.name: jets.observables[o.name] for o in observables}, jets.relative.weights
    )


def _show(axes: Axes, matrix: Tensor, observables: Sequence[Observable], limit: float) -> None:
    axes.imshow(matrix.numpy(), cmap=DIVERGING, vmin=-limit, vmax=limit)
    names = [observable.name.replace("_", " ") for observable in observables]
    axes.set_xticks(np.arange(len(names)), names, rotation=90, fontsize=10)
    axes.set_yticks(np.arange(len(names)), names, fontsize=10)
    axes.tick_params(which="both", length=0)
    for (row, column), number in np.ndenumerate(matrix.numpy()):
        if row != column and abs(number) >= 0.1:
            axes.text(
                column, row, f"{number:.1f}".replace("0.", "."), ha="center", va="center",
                fontsize=7, color="white" if abs(number) > 0.6 * limit else "black",
            )  # fmt: skip
