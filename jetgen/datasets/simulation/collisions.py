"""Collisions as flat arrays of particles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Events:
    """``E`` events with ``M`` particles in total, in the order of the events.

    Args:
        momenta: ``(4, M)`` = px, py, pz, E in GeV.
        codes: ``(M,)`` particle codes (PDG numbering).
        offsets: ``(E + 1,)``; event i has the particles ``offsets[i]`` to ``offsets[i + 1] - 1``.
    """

    momenta: NDArray[np.float64]
    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def event(self) -> NDArray[np.int64]:
        """``(M,)`` index of the event that each particle belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def select(self, keep: NDArray[np.bool_]) -> Events:
        """The same events with the particles that ``keep`` ``(M,)`` marks."""
        index = np.flatnonzero(keep)
        bounds = np.searchsorted(index, self.offsets)
        return Events(self.momenta[:, index], self.codes[index], bounds)


@dataclass(frozen=True)
class Batch:
    """A batch of collisions: visible particles, matched partons, and the quarks of their decays."""

    visible: Events
    partons: Events
    prongs: Events
