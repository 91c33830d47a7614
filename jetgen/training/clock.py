"""The clock of a training: its seconds over all stages, and over interruptions."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from jetgen import processes


class Clock:
    """Runs from the first stage to the last: preparation, steps, validation, and all that is saved.

    Attributes:
        closing: the longest that validation, figures and checkpoints of an epoch took so far. A
            time limit ends the steps so early that these fit too.
    """

    def __init__(self) -> None:
        self.closing = 0.0
        self._earlier = 0.0  # seconds of training before an interruption
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self._earlier + time.monotonic() - self._started

    def start(self) -> None:
        """Count from now on."""
        self._started = time.monotonic()

    def close(self, since: float) -> None:
        """Note that the end of an epoch, or as much work, began at ``since`` and is done now."""
        self.closing = max(self.closing, self.elapsed - since)

    def has_reached(self, deadline: float, reserved: float) -> bool:
        """Whether work of ``reserved`` seconds that must end by ``deadline`` must begin now."""
        if deadline == math.inf:
            return False
        return bool(processes.agreed(self.elapsed >= deadline - reserved))

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {"elapsed": self.elapsed, "closing": self.closing}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self._earlier, self.closing = state["elapsed"], state.get("closing", 0.0)
