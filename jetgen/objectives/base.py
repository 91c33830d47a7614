"""The contract between a training objective and the training loop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Loss(NamedTuple):
    """Un-reduced loss ``(B,)`` that one optimiser minimises, and its named parts ``(B,)``."""

    total: Tensor
    parts: dict[str, Tensor]


class Player(NamedTuple):
    """What one optimiser moves, and how: parameters, and the settings of Adam.

    ``rate`` multiplies the learning rate of the schedule.
    """

    parameters: Iterable[nn.Parameter]
    rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    amsgrad: bool = False


class Objective(nn.Module):
    """What is minimised: a loss for each of its players, one player after the other.

    The loop asks for the loss of one player at a time, steps its optimiser, and goes on to the
    next, which therefore meets the networks as they have become. While a player is at its turn
    the parameters of all others take no gradient.
    """

    averaging: float = 0.0
    """Decay a step of the moving average of the weights that validation and generation use; 0
    for none."""

    @abstractmethod
    def players(self) -> dict[str, Player]:
        """The players by name; the first is the one that makes jets."""

    def turns(self, step: int) -> Sequence[str]:
        """Whose turns a batch brings, in order; ``step`` counts the batches of the training."""
        return list(self.players())

    @abstractmethod
    def loss(self, player: str, batch: Any, epoch: int, generator: torch.Generator) -> Loss:
        """The loss of one player for a batch.

        Args:
            player: its name.
            batch: what the stage's batches yield.
            epoch: number of epochs done; a validation passes the last one there will be.
            generator: source of the noise.
        """

    def validate(
        self, batches: Iterable[Any], epochs: int, generator: torch.Generator
    ) -> dict[str, float]:
        """Values for the log over all validation batches; the smallest ``total`` is the best.

        Here: the means of the first player's loss and its parts.
        """
        player = next(iter(self.players()))
        means = Means()
        for batch in batches:
            means.add(self.loss(player, batch, epochs, generator))
        return means.values()

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        """What is wrong with a training that leads nowhere, and what to try; ``None`` if nothing.

        Args:
            history: the rows of metrics of this objective so far, one an epoch.
        """
        return None

    def findings(
        self,
        history: Sequence[Mapping[str, Any]],
        batches: Iterable[Any],
        generator: torch.Generator,
    ) -> dict[str, str]:
        """What the objective as trained leaves to be desired: one line each, by its kind.

        Args:
            history: the rows of metrics of this objective, one an epoch.
            batches: the validation batches.
            generator: source of all randomness.
        """
        return {}


class Means:
    """Means over jets of losses and their parts, batch after batch.

    The sums stay on the device until :meth:`values` reads them all at once.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.jets: dict[str, int] = {}

    def add(self, loss: Loss, total: str = "total") -> None:
        """Take in a loss, whose total has the name ``total``."""
        for name, values in {total: loss.total, **loss.parts}.items():
            found = values.detach().sum().double()
            self.sums[name] = self.sums[name] + found if name in self.sums else found
            self.jets[name] = self.jets.get(name, 0) + len(values)

    def values(self, prefix: str = "") -> dict[str, float]:
        if not self.sums:
            return {}
        sums = torch.stack(list(self.sums.values())).tolist()
        return {
            prefix + name: total / self.jets[name]
            for name, total in zip(self.sums, sums, strict=True)
        }
