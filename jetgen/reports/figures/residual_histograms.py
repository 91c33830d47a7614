"""Differences of variables after and before compression, several samples per panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from jetgen.metrics.residuals import half_width
from jetgen.physics.observables import Observable
from jetgen.reports.style import REAL, Line, grid

_BINS = 41
_SMALLEST = 0.01
"""Smallest half-width of an axis, so that rounding errors appear as zero."""


def residual_histograms(
    rows: Sequence[tuple[str, Mapping[str, Mapping[str, Tensor]]]],
    observables: Sequence[Observable],
    looks: Mapping[str, Line],
) -> Figure:
    """One row per type of jet, one panel per variable.

    The axis extends to three times the widest central 68 %; the outermost bins include underflow
    and overflow.

    Args:
        rows: a title, and the differences ``(B,)`` by the name of the sample and of the variable.
        observables: the variables.
        looks: the line style of each sample.
    """
    figure, spec = grid(
        len(rows), len(observables), panel=(2.9, 2.1), margins=(0.9, 0.2, 0.65, 0.45),
        gaps=(0.75, 0.75),
    )  # fmt: skip
    axes = spec.subplots(squeeze=False)
    for row, (title, samples) in zip(axes, rows, strict=True):
        for axis, observable in zip(row, observables, strict=True):
            found = {name: residuals[observable.name] for name, residuals in samples.items()}
            width = max(_SMALLEST, *(3 * half_width(values) for values in found.values()))
            for name, values in found.items():
                axis.hist(
                    values.clamp(-width, width).numpy(), bins=_BINS, range=(-width, width),
                    weights=[1 / len(values)] * len(values), histtype="step", label=name,
                    color=looks[name].colour, linestyle=looks[name].dashes,
                )  # fmt: skip
            axis.axvline(0, color=REAL, linewidth=0.8)
            axis.set_xlim(-width, width)
            unit = f" [{observable.unit}]" if observable.unit else ""
            axis.set_xlabel(rf"$\Delta$ {observable.symbol}{unit}")
        row[0].set_ylabel(f"Fraction of jets, {title}")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=len(names), borderaxespad=0.2)
    return figure
