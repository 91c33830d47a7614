"""Detect losses that are not finite, without synchronising with the device at every step."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor

from jetgen import processes
from jetgen.errors import TrainingError
from jetgen.objectives.base import Loss


class Divergence:
    """Records on the device which parts of a loss were the first that were not finite.

    After such a step all weights, and with them all parts of later losses, may not be finite; only
    the first step shows the cause.
    """

    def __init__(self) -> None:
        self._finite: Tensor | None = None  # whether all totals so far were finite
        self._good: Tensor | None = None  # number of totals before the first that was not
        self._parts: dict[str, Tensor] = {}  # the same for each part, up to the first such total

    def look(self, loss: Loss) -> None:
        """Record the loss of a step."""
        total = loss.total.detach().mean().isfinite()
        before = torch.ones_like(total) if self._finite is None else self._finite
        for name, values in loss.parts.items():
            finite = values.detach().isfinite().all()
            known = self._parts.get(name, torch.ones_like(finite))
            self._parts[name] = torch.where(before, finite, known)
        self._finite = before & total
        good = torch.zeros_like(total, dtype=torch.int64) if self._good is None else self._good
        self._good = good + self._finite

    @property
    def good(self) -> int:
        """Number of losses before the first that was not finite; synchronises with the device."""
        return 0 if self._good is None else int(self._good)

    def culprits(self) -> list[str]:
        """The parts of the first loss that was not finite; empty if all were finite.

        This synchronises with the device.
        """
        if self._finite is None or bool(self._finite):
            return []
        return [name for name, finite in self._parts.items() if not bool(finite)] or ["total"]

    def require_finite(self, training: str, last: Path) -> None:
        """End the training where a loss was not finite, in any of the processes.

        Args:
            training: the stage and the epoch, for the message.
            last: the checkpoint of the epoch before, if there is one.

        Raises:
            TrainingError: that names the parts of the loss.
        """
        found = self.culprits()
        every = processes.all_of((self.good, found) if found else None)
        if any(every):
            _, culprits = min(one for one in every if one)
            processes.by_first(partial(_end, training, culprits, last))


def _end(training: str, culprits: list[str], last: Path) -> NoReturn:
    kept = (
        f"the checkpoint of the epoch before is kept in {last.parent}"
        if last.exists()
        else "there is no earlier checkpoint"
    )
    raise TrainingError(
        f"training of the {training}: {', '.join(culprits)} is not finite; {kept}; try a smaller "
        "`learning_rate`, a smaller `clip`, or smaller weights of the terms"
    )
