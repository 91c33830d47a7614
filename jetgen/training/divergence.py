"""Losses that are not finite, noticed without waiting for the device at every step."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.objectives.base import Loss


class Divergence:
    """Remembers on the device which parts of a loss were the first not to be finite.

    After such a step all weights may be, and with them every part of every later loss; what
    counts is the first one.
    """

    def __init__(self) -> None:
        self._finite: Tensor | None = None  # whether every total so far was
        self._parts: dict[str, Tensor] = {}  # whether each part was, up to the first bad total

    def look(self, loss: Loss) -> None:
        """Take in the loss of a step."""
        total = loss.total.detach().mean().isfinite()
        before = torch.ones_like(total) if self._finite is None else self._finite
        for name, values in loss.parts.items():
            finite = values.detach().isfinite().all()
            known = self._parts.get(name, torch.ones_like(finite))
            self._parts[name] = torch.where(before, finite, known)
        self._finite = before & total

    def culprits(self) -> list[str]:
        """The parts of the first loss that was not finite; none while all have been.

        This reads from the device.
        """
        if self._finite is None or bool(self._finite):
            return []
        return [name for name, finite in self._parts.items() if not bool(finite)] or ["total"]
