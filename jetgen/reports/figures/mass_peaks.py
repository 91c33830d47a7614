"""Mass peaks before and after compression, with the fitted shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetgen.metrics.peak_fits import SHAPES, PeakFit
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import REAL, Line, grid

Row = tuple[str, PeakFit, Mapping[str, PeakFit | None]]
"""The title of a type of jet, the fit of its masses before, and the fits after by name; None if
there is no peak after compression."""


def mass_peaks(rows: Sequence[Row], looks: Mapping[str, Line]) -> Figure:
    """One row per type of jet, one panel per compressor.

    Args:
        rows: the fits of each type of jet.
        looks: the line style of each compressor.
    """
    columns = max(len(after) for _, _, after in rows)
    figure, spec = grid(
        len(rows), columns, panel=(2.7, 2.3), margins=(0.85, 0.2, 0.65, 0.35), gaps=(0.4, 0.7)
    )
    axes = spec.subplots(squeeze=False)
    for place, (row, (title, before, after)) in enumerate(zip(axes, rows, strict=True)):
        highest = max(fit.counts.max() for fit in (before, *after.values()) if fit)
        for axis, (name, fit) in zip(row, after.items(), strict=True):
            _before(axis, before)
            if fit:
                _after(axis, fit, looks[name])
            else:
                axis.text(0.5, 0.9, "no peak after", transform=axis.transAxes, ha="center")
            axis.set_title("" if place else name)
            axis.set_xlabel(f"Mass, {title} [GeV]")
            axis.set_xlim(before.edges[0], before.edges[-1])
            axis.set_ylim(0, 1.45 * highest)
            axis.tick_params(labelleft=axis is row[0])
        width = before.edges[1] - before.edges[0]
        row[0].set_ylabel(f"Jets / {width:.3g} GeV")
    return figure


def _before(axes: Axes, fit: PeakFit) -> None:
    axes.stairs(fit.counts, fit.edges, fill=True, color="#dcdcdc", zorder=0)
    axes.plot(_centres(fit), fit.expected, color=REAL, linewidth=1.2, zorder=2)


def _after(axes: Axes, fit: PeakFit, look: Line) -> None:
    axes.errorbar(
        _centres(fit), fit.counts, np.sqrt(fit.counts), color=look.colour, marker="o",
        markersize=3, linestyle="none", elinewidth=0.8, zorder=3,
    )  # fmt: skip
    axes.plot(_centres(fit), fit.expected, color=look.colour, linewidth=1.4, zorder=4)
    lines = [f"{n} {with_uncertainty(fit.values[n], fit.errors[n])}" for n in ("mass", "width")]
    lines.append(f"p {fit.p_value:.2g}" + ("" if fit.valid else ", no minimum"))
    axes.text(
        0.04, 0.96, "\n".join([SHAPES[fit.shape].title, *lines]), transform=axes.transAxes,
        ha="left", va="top", fontsize=8.5,
    )  # fmt: skip


def _centres(fit: PeakFit) -> np.ndarray:
    return (fit.edges[1:] + fit.edges[:-1]) / 2
