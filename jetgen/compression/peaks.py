"""The mass peak of jets before and after compression, fitted with every shape."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from jetgen.compression.fidelity import Restored
from jetgen.metrics.peak_fits import SHAPES, PeakFit, Shift, fit_peak, peak_shifts
from jetgen.physics.observables import MeasuredSets

PARAMETERS = ("mass", "width")
"""What compression may shift."""


@dataclass(frozen=True)
class Window:
    """The masses that are fitted: from ``low`` to ``high`` [GeV] in equal ``bins``."""

    low: float
    high: float
    bins: int

    @property
    def limits(self) -> tuple[float, float]:
        return self.low, self.high

    def fits(self, jets: MeasuredSets) -> dict[str, PeakFit]:
        """The fit of each shape to the masses of the jets.

        A shape is left out where there is no peak to fit: where fewer jets are in the window than
        bins, or than a tenth of all, or the fitted mass is at its edge.
        """
        masses = jets.observables["mass"].numpy()
        inside = int(((masses >= self.low) & (masses <= self.high)).sum())
        if inside < max(self.bins, len(masses) / 10):
            return {}
        fits = {shape: fit_peak(masses, shape, self.limits, self.bins) for shape in SHAPES}
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
        after: the same; without the shapes that find no peak in the window any more.
        window: the masses that were fitted.
    """

    restored: Restored
    before: Mapping[str, PeakFit]
    after: Mapping[str, PeakFit]
    window: Window

    def changes(self, shape: str) -> dict[str, float]:
        """By how much the fitted mass and width have changed [GeV]; by the width of the window
        where the peak has left it."""
        if shape not in self.after:
            return dict.fromkeys(PARAMETERS, self.window.high - self.window.low)
        before, after = (fits[shape].values for fits in (self.before, self.after))
        return {name: after[name] - before[name] for name in PARAMETERS}

    def shifts(self, shape: str, replicas: int) -> dict[str, Shift]:
        """These changes with their errors, from bootstrap replicas of the pairs; none where the
        peak has left the window."""
        if shape not in self.after:
            return {}
        before, after = (
            jets.observables["mass"].numpy() for jets in (self.restored.before, self.restored.after)
        )
        return peak_shifts(before, after, shape, self.window.limits, self.window.bins, replicas)


def disturbance(peaks: Mapping[str, Peak], shape: str) -> float:
    """Mean absolute change [GeV] of mass and width over several peaks."""
    return statistics.mean(
        abs(change) for peak in peaks.values() for change in peak.changes(shape).values()
    )
