"""The mass peak of jets before and after compression, fitted with every shape."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from jetgen.compression.fidelity import Restored
from jetgen.evaluation.peak_fits import SHAPES, PeakFit, Shift, fit_peak, peak_shifts
from jetgen.physics.observables import Measured

PARAMETERS = ("mass", "width")
"""What compression may shift."""


@dataclass(frozen=True)
class Window:
    """The masses that are fitted: from ``low`` to ``high`` [GeV] in equal ``bins``."""

    low: float
    high: float
    bins: int

    def fits(self, jets: Measured) -> dict[str, PeakFit]:
        """The fit of each shape to the masses of the jets."""
        masses = jets.observables["mass"].numpy()
        return {
            shape: fit_peak(masses, shape, (self.low, self.high), self.bins) for shape in SHAPES
        }


@dataclass(frozen=True)
class Peak:
    """The mass peak of jets that were compressed.

    Args:
        restored: the jets before and after.
        before, after: the fits by shape.
        window: the masses that were fitted.
    """

    restored: Restored
    before: Mapping[str, PeakFit]
    after: Mapping[str, PeakFit]
    window: Window

    def changes(self, shape: str) -> dict[str, float]:
        """By how much the fitted mass and width have changed [GeV]."""
        before, after = (fits[shape].values for fits in (self.before, self.after))
        return {name: after[name] - before[name] for name in PARAMETERS}

    def shifts(self, shape: str, replicas: int) -> dict[str, Shift]:
        """These changes with their errors, from bootstrap replicas of the pairs."""
        limits = (self.window.low, self.window.high)
        before, after = (
            jets.observables["mass"].numpy() for jets in (self.restored.before, self.restored.after)
        )
        return peak_shifts(before, after, shape, limits, self.window.bins, replicas)


def disturbance(peaks: Mapping[str, Peak], shape: str) -> float:
    """Mean absolute change [GeV] of mass and width over several peaks."""
    return statistics.mean(
        abs(change) for peak in peaks.values() for change in peak.changes(shape).values()
    )
