"""The contract between a training objective and the training loop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Loss(NamedTuple):
    """Un-reduced loss ``(B,)`` that one optimiser minimises, and its named parts ``(B,)``."""

    total: Tensor
    parts: dict[str, Tensor]


class Objective(nn.Module):
    """What is minimised: a loss a batch for each optimiser."""

    @abstractmethod
    def optimised(self) -> dict[str, Iterable[nn.Parameter]]:
        """Parameters of each optimiser, by its name."""

    @abstractmethod
    def losses(self, batch: Any, epoch: int, generator: torch.Generator) -> dict[str, Loss]:
        """The loss of each optimiser for a batch.

        Args:
            batch: what the stage's batches yield.
            epoch: number of epochs done; a validation passes the last one there will be.
            generator: source of the noise.
        """
