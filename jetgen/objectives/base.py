"""Base class of training objectives, the interface to the training loop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from jetgen import processes
from jetgen.sharing import shared


class Loss(NamedTuple):
    """Unreduced loss ``(B,)`` that one optimiser minimises, and its named parts ``(B,)``."""

    total: Tensor
    parts: dict[str, Tensor]


class Player(NamedTuple):
    """The parameters that one optimiser updates, and its settings.

    The learning rate of the schedule is multiplied by ``rate``. ``betas`` and ``amsgrad`` are
    settings of Adam (``betas`` also of the part of Muon that is Adam). Without ``muon`` Adam takes
    the place of Muon.
    """

    parameters: Iterable[nn.Parameter]
    rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    amsgrad: bool = False
    muon: bool = True


class Objective(nn.Module):
    """A training objective: one loss per player, minimised in turns.

    The loop computes the loss of one player, steps its optimiser, and continues with the next
    player, whose loss is computed with the updated networks. During the turn of a player the
    parameters of all others require no gradient.
    """

    averaging: float = 0.0
    """Decay per step of the averaged weights for validation and generation; 0 for no average."""

    @abstractmethod
    def players(self) -> dict[str, Player]:
        """The players by name; the first is the one that generates jets."""

    def turns(self, step: int) -> Sequence[str]:
        """Names of the players to update for a batch, in order; ``step`` counts the batches."""
        return list(self.players())

    @abstractmethod
    def loss(self, player: str, batch: Any, epoch: int, generator: torch.Generator) -> Loss:
        """The loss of one player for a batch.

        Args:
            player: name of the player.
            batch: a batch of the stage's loader.
            epoch: number of completed epochs; validation passes the final number of epochs.
            generator: source of noise.
        """

    def validate(
        self, batches: Iterable[Any], epochs: int, generator: torch.Generator
    ) -> dict[str, float]:
        """Values for the log over all validation batches; the smallest ``total`` is the best.

        By default the means of the first player's loss and its parts.
        """
        player = next(iter(self.players()))
        means = Means()
        for batch in batches:
            with shared(batch) as (part, share):
                means.add(self.loss(player, part, epochs, generator), counted=share.counted)
        return means.values()

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        """The reason why a training has failed, and what to try; ``None`` if it has not failed.

        Args:
            history: rows of metrics of this objective so far, one per epoch.
        """
        return None

    def findings(
        self,
        history: Sequence[Mapping[str, Any]],
        batches: Iterable[Any],
        generator: torch.Generator,
    ) -> dict[str, str]:
        """Weaknesses of the trained objective: one line each, by kind.

        Args:
            history: rows of metrics of this objective, one per epoch.
            batches: the validation batches.
            generator: source of randomness.
        """
        return {}


class Means:
    """Means over jets of losses and their parts, accumulated over batches.

    The sums stay on the device until :meth:`values` reads them all at once.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.jets: dict[str, int] = {}

    def add(self, loss: Loss, total: str = "total", counted: int | None = None) -> None:
        """Add the first ``counted`` jets of a loss; its total is stored with the name ``total``."""
        for name, values in {total: loss.total, **loss.parts}.items():
            entering = values.detach()[:counted]
            found = entering.sum().double()
            self.sums[name] = self.sums[name] + found if name in self.sums else found
            self.jets[name] = self.jets.get(name, 0) + len(entering)

    def values(self, prefix: str = "") -> dict[str, float]:
        """The means by name, over the jets of all processes."""
        if not self.sums:
            return {}
        sums = torch.stack(list(self.sums.values())).tolist()
        found = zip(self.sums, sums, strict=True)
        every = processes.all_of({name: (total, self.jets[name]) for name, total in found})
        return {
            prefix + name: sum(one[name][0] for one in every) / sum(one[name][1] for one in every)
            for name in self.sums
        }
