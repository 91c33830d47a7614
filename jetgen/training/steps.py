"""One step of one player: the gradients of its loss on a batch, and its optimiser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.optim import Optimizer

from jetgen import processes
from jetgen.objectives.base import Loss
from jetgen.sharing import shared, size
from jetgen.training.running import Running


class Steps:
    """Computes gradients and takes steps.

    With several processes, each one computes its share of every batch (:mod:`jetgen.sharing`).

    Args:
        fabric: device, precision and processes.
        pieces: pieces that the jets of a batch are processed in, one after the other.
        clip: largest norm of a gradient; 0 for no limit.
    """

    def __init__(self, fabric: Fabric, pieces: int, clip: float) -> None:
        self.fabric, self.pieces, self.clip = fabric, pieces, clip

    def losses(
        self, run: Running, player: str, batch: Any, generator: torch.Generator
    ) -> Iterator[tuple[Loss, int]]:
        """The loss of every piece of a batch, and how many of its jets count; adds the gradients.

        The noise is that of the whole batch for each piece.
        """
        turn, whole, objective = run.turns[player], size(batch), run.stage.objective
        pieces = min(self.pieces, whole)
        begin = generator.get_state(), torch.get_rng_state()
        for piece in range(pieces):
            if piece:
                generator.set_state(begin[0])
                torch.set_rng_state(begin[1])
            with (
                shared(batch, piece, pieces) as (part, share),
                self.fabric.no_backward_sync(turn, enabled=piece < pieces - 1),
            ):
                loss = turn(partial(objective.loss, player, part, run.epoch, generator))
                # processes average their gradients
                mean = loss.total[: share.counted].sum() / (whole / processes.count())
                self.fabric.backward(mean)
            yield loss, share.counted

    def take(self, run: Running, player: str, rate: float) -> None:
        """Move the parameters of a player along the gradients, at this learning rate."""
        optimiser = run.stepped[player]
        if self.clip:
            self.fabric.clip_gradients(
                run.turns[player], optimiser, max_norm=self.clip, error_if_nonfinite=False
            )
        for group in optimiser.param_groups:
            group["lr"] = rate * run.rates[player]
        optimiser.step()


@contextmanager
def gradients_only_of(name: str, optimisers: dict[str, Optimizer]) -> Iterator[None]:
    """Gradients for the parameters of one optimiser alone, within the block."""
    others = [
        parameter
        for other, optimiser in optimisers.items()
        if other != name
        for group in optimiser.param_groups
        for parameter in group["params"]
        if parameter.requires_grad
    ]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)
