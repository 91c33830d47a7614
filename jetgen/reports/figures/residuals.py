"""Residuals of reconstructed jets, and their dependence on jet pT and multiplicity."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetgen.metrics.residuals import Band, Residual, band, residuals
from jetgen.metrics.weighted_quantiles import quantiles
from jetgen.physics.observables import JET_OBSERVABLES, MeasuredSets
from jetgen.reports.style import BEYOND, REAL, Line, grid

_AGAINST = ("pt", "multiplicity")
_SMALLEST = 0.01
"""Smallest half-width of an axis."""

_ROUNDING = 1e-5
"""Largest residual that counts as a rounding error."""

_ERROR_OF_MEDIAN = math.sqrt(math.pi / 2)
"""Error of the median over that of the mean, for a normal distribution."""


def shown_residuals(real: MeasuredSets, reconstructed: MeasuredSets) -> list[Residual]:
    """The residuals that have a row: none that are rounding errors in all jets, unless all are."""
    every = residuals(real, reconstructed)
    return [one for one in every if one.values.abs().max() > _ROUNDING] or every


def residual_panels(real: MeasuredSets, rows: Sequence[Residual], look: Line) -> Figure:
    """One row per residual: its distribution, and its quantiles against jet pT and multiplicity."""
    against = [o for o in JET_OBSERVABLES if o.name in _AGAINST and o.name in real.observables]
    figure, spec = grid(
        len(rows), 1 + len(against), panel=(3.5, 1.75), margins=(0.95, 0.15, 0.6, 0.2),
        gaps=(0.85, 0.6),
    )  # fmt: skip
    axes = spec.subplots(squeeze=False)
    for row, residual in enumerate(rows):
        unit = f" [{residual.unit}]" if residual.unit else ""
        width = _half_width(residual)
        _distribution(axes[row, 0], residual, width, look)
        axes[row, 0].set_xlabel(residual.symbol + unit)
        height = _SMALLEST
        for axis, observable in zip(axes[row, 1:], against, strict=True):
            found = _profile(axis, real.observables[observable.name][residual.jet], residual, look)
            height = max(height, *(float(one.abs().max()) for one in (found.low, found.high)))
        for axis, observable in zip(axes[row, 1:], against, strict=True):
            axis.set_ylim(-1.15 * height, 1.15 * height)
            axis.set_ylabel("Residual" + unit)
            axis.set_xlabel(observable.label)
    return figure


def _half_width(residual: Residual) -> float:
    """Three times the distance from zero within which two thirds of the residuals lie.

    It is larger where fewer than 95 % would be inside.
    """
    distances = residual.values.abs()
    typical, most = quantiles(distances, [0.683, 0.95], residual.weights).tolist()
    return max(3 * typical, 1.1 * most, _SMALLEST)


def _distribution(axes: Axes, residual: Residual, width: float, look: Line) -> None:
    values = residual.values.clamp(-width, width).numpy()
    bins = 31
    axes.hist(
        values, bins=bins, range=(-width, width), histtype="stepfilled", color=look.colour,
        alpha=0.35, weights=(residual.weights / residual.weights.sum()).numpy(),
    )  # fmt: skip
    axes.axvline(0, color=REAL, linewidth=1)
    axes.set_xlim(-width, width)
    axes.set_ylabel("Fraction of jets")
    beyond = residual.values.abs() > width * (1 - 2 / bins)
    if beyond.any():
        for start, stop in ((-width, -width * (1 - 2 / bins)), (width * (1 - 2 / bins), width)):
            axes.axvspan(start, stop, color=BEYOND, alpha=0.3, linewidth=0, zorder=-1)
    low, median, high = quantiles(residual.values, (0.16, 0.5, 0.84), residual.weights).tolist()
    axes.text(
        0.97, 0.94, f"median {median:+.2g}\n68 %: ±{(high - low) / 2:.2g}",
        transform=axes.transAxes, ha="right", va="top", fontsize=9.5,
    )  # fmt: skip


def _profile(axes: Axes, x: torch.Tensor, residual: Residual, look: Line) -> Band:
    found = band(x, residual.values, weights=residual.weights)
    axes.axhline(0, color=REAL, linewidth=1)
    axes.fill_between(
        found.centre, found.low, found.high, color=look.colour, alpha=0.25, linewidth=0
    )
    error = (found.high - found.low) / 2 * _ERROR_OF_MEDIAN / found.jets.sqrt()
    axes.errorbar(
        found.centre, found.median, error, color=look.colour, marker="o", markersize=4,
        linewidth=1.3,
    )  # fmt: skip
    return found
