"""The mass peak of jets before and after compression, without a fit and with every shape."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from jetgen.compression.fidelity import Restored
from jetgen.metrics.peak_fits import SHAPES, PeakFit, Shift, fit_peak, peak_shifts
from jetgen.metrics.peak_summaries import peak_summary
from jetgen.physics.observables import MeasuredSets

PARAMETERS = ("mass", "width")
"""Parameters of fits whose shifts by compression are measured."""

MOVED = ("median", "width")
"""Numbers without a fit whose shifts by compression decide."""


@dataclass(frozen=True)
class Window:
    """The fitted range of masses, from ``low`` to ``high`` [GeV], in equal ``bins``."""

    low: float
    high: float
    bins: int

    @property
    def limits(self) -> tuple[float, float]:
        return self.low, self.high

    def fits(self, jets: MeasuredSets) -> dict[str, PeakFit]:
        """The fit of each shape to the masses of the jets.

        A shape is omitted if there is no peak: if the number of jets in the window is smaller than
        the number of bins or a tenth of all jets, or if the fitted mass is at the edge of the
        window.
        """
        masses = jets.observables["mass"].numpy()
        inside = jets[torch.from_numpy((masses >= self.low) & (masses <= self.high))].counted
        if inside < max(self.bins, jets.counted / 10):
            return {}
        weights = jets.weights.numpy()
        fits = {
            shape: fit_peak(masses, shape, self.limits, self.bins, weights=weights)
            for shape in SHAPES
        }
        edge = 1e-3 * (self.high - self.low)
        return {
            shape: fit
            for shape, fit in fits.items()
            if self.low + edge < fit.values["mass"] < self.high - edge
        }


@dataclass(frozen=True)
class Peak:
    """The mass peak of jets that were compressed.

    Args:
        restored: the jets before and after.
        before: the fits by shape.
        after: the same after compression, without shapes that find no peak.
        window: the fitted range of masses.
    """

    restored: Restored
    before: Mapping[str, PeakFit]
    after: Mapping[str, PeakFit]
    window: Window

    @property
    def lost(self) -> bool:
        """Whether less than a tenth of the jets is in the window after compression."""
        masses = self.restored.after.observables["mass"]
        inside = (masses >= self.window.low) & (masses <= self.window.high)
        return self.restored.after[inside].counted < self.restored.after.counted / 10

    def summary(self, jets: MeasuredSets) -> dict[str, float]:
        """Median, half width and share of the masses of ``jets`` in the window."""
        weights = self.restored.before.weights.numpy()
        return peak_summary(jets.observables["mass"].numpy(), self.window.limits, weights=weights)

    def changes(self) -> dict[str, float]:
        """Changes of median and half width [GeV] of the jets that were in the window before.

        These jets are followed wherever compression takes their masses: jets that are in the window
        after it would hide a peak that leaves the window.
        """
        before, after = (
            jets.observables["mass"].numpy() for jets in (self.restored.before, self.restored.after)
        )
        inside = (before >= self.window.low) & (before <= self.window.high)
        weights = self.restored.before.weights.numpy()[inside]
        everywhere = (-math.inf, math.inf)
        followed = peak_summary(after[inside], everywhere, weights=weights)
        known = self.summary(self.restored.before)
        return {name: followed[name] - known[name] for name in MOVED}

    def fitted_changes(self, shape: str) -> dict[str, float]:
        """Changes of fitted mass and width [GeV]; empty where the shape is no description."""
        fits = [found.get(shape) for found in (self.before, self.after)]
        before, after = fits
        if before is None or after is None or not (before.describes and after.describes):
            return {}
        return {name: after.values[name] - before.values[name] for name in PARAMETERS}

    def shifts(self, shape: str, replicas: int) -> dict[str, Shift]:
        """The changes with bootstrap errors; empty if the peak is lost."""
        if shape not in self.after:
            return {}
        before, after = (
            jets.observables["mass"].numpy() for jets in (self.restored.before, self.restored.after)
        )
        return peak_shifts(
            before,
            after,
            shape,
            self.window.limits,
            self.window.bins,
            replicas,
            weights=self.restored.before.weights.numpy(),
        )


def mean_change(peaks: Mapping[str, Peak]) -> float:
    """Mean absolute change [GeV] of median and half width over several peaks."""
    return statistics.mean(
        abs(change) for peak in peaks.values() for change in peak.changes().values()
    )


def mean_fitted_change(peaks: Mapping[str, Peak], shape: str) -> float | None:
    """The same of fitted mass and width; None where the shape does not describe every peak."""
    found = [peak.fitted_changes(shape) for peak in peaks.values()]
    if not all(found):
        return None
    return statistics.mean(abs(change) for changes in found for change in changes.values())
