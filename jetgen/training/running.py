"""A stage under way: its players and their optimisers, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from jetgen.config.sections.training import Optimiser
from jetgen.files.checkpoint import Checkpoint, optimiser_tensors, restore_optimiser
from jetgen.objectives.base import Loss
from jetgen.training.averaging import Average
from jetgen.training.optimisers import build_optimiser
from jetgen.training.stages import Batches, Stage


class Turn(nn.Module):
    """The parameters of one player, whose forward pass computes a loss.

    With several processes each gradient is then averaged in the turn of its player, and only there.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        super().__init__()
        self.own = nn.ParameterList(parameters)

    def forward(self, loss: Callable[[], Loss]) -> Loss:
        return loss()


@dataclass
class Running:
    """A stage under way.

    Args:
        index: its place among the stages.
        stage: what is trained.
        data: its batches.
        turns: one per player, as Fabric wraps it.
        optimisers: one per player; their state is part of a checkpoint.
        stepped: the same, as Fabric wraps them.
        rates: factor on the learning rate of each player.
        average: of the weights, where the objective has one.
        start: seconds of training before it began.
        epoch: epochs done.
        step: batches done.
        best: the smallest score after an epoch so far.
        since_best: epochs done since then.
        tolerance: how far above it a later epoch is still taken for the best: the fluctuation of a
            monitored figure, zero for a loss.
    """

    index: int
    stage: Stage
    data: Batches
    turns: dict[str, Any]
    optimisers: dict[str, Optimizer]
    stepped: dict[str, Any]
    rates: dict[str, float]
    average: Average | None
    start: float
    epoch: int = 0
    step: int = 0
    best: float = math.inf
    since_best: int = 0
    tolerance: float = 0.0

    @classmethod
    def begin(
        cls,
        index: int,
        stage: Stage,
        *,
        optimiser: Optimiser,
        learning_rate: float,
        fabric: Fabric,
        start: float,
        resumed: Checkpoint | None,
    ) -> Running:
        """The stage before its first epoch, or as a checkpoint holds it."""
        players = stage.objective.players()
        turns, stepped = {}, {}
        optimisers: dict[str, Optimizer] = {}
        for name, player in players.items():
            player = player._replace(parameters=list(player.parameters))
            optimisers[name] = build_optimiser(optimiser, player, learning_rate)
            turns[name], stepped[name] = fabric.setup(Turn(player.parameters), optimisers[name])
        averaging = stage.objective.averaging
        average = Average(stage.objective, averaging) if averaging else None
        if resumed is not None:
            for name, made in optimisers.items():
                restore_optimiser(made, resumed.part(f"optimiser.{name}"))
            if average is not None:
                average.restore(resumed.part("average"))
        run = cls(
            index=index,
            stage=stage,
            data=stage.prepare(),
            turns=turns,
            optimisers=optimisers,
            stepped=stepped,
            rates={name: player.rate for name, player in players.items()},
            average=average,
            start=start,
        )
        if resumed is not None:
            run.restore(resumed.state)
        return run

    @property
    def deadline(self) -> float:
        """Seconds of training after which the stage ends."""
        return max(self.stage.time_limit, self.start + self.stage.share)

    def averaged(self) -> AbstractContextManager[None]:
        """The averaged weights in the place of the weights, where there are any."""
        return nullcontext() if self.average is None else self.average.applied()

    def tensors(self, optimisers: bool) -> dict[str, Tensor]:
        """What a checkpoint holds beside the model."""
        found = {}
        if self.average is not None:
            found = {f"average.{name}": t for name, t in self.average.weights.items()}
        if optimisers:
            for name, optimiser in self.optimisers.items():
                found |= optimiser_tensors(f"optimiser.{name}", optimiser)
        return found

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds beside tensors."""
        return {
            "stage": self.index,
            "stage_name": self.stage.name,
            "epoch": self.epoch,
            "step": self.step,
            "best": self.best,
            "since_best": self.since_best,
            "stage_start": self.start,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state`."""
        self.epoch, self.step = state["epoch"], state["step"]
        self.best = state["best"] if state["best"] is not None else math.inf
        self.since_best = state["since_best"]
        if "stage_start" in state:
            self.start = state["stage_start"]
        else:  # format 1 has the seconds of the stage
            self.start = state["elapsed"] - state["stage_seconds"]
