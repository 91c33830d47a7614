"""What a training keeps an eye on beside its losses: figures of the jets that it makes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.objectives.autoencoder import Autoencoder
from jetgen.objectives.model import JetModel
from jetgen.physics.observables import MeasuredSets
from jetgen.training.monitored import (
    FEWEST_MONITORED,
    MOST_MONITORED,
)

_BATCH = 1024


class Monitor(NamedTuple):
    """The figures of one stage of a training.

    Args:
        names: of the figures; the first one decides, where one does.
        every: epochs from one look to the next.
        known: what is measured of the validation jets, with the weights that the model is to
            learn; measured once.
        make: jets for some rows of the validation jets, on any device.
        decides: whether the first figure, in place of the validation loss, chooses the best
            epoch and ends the stage.
    """

    names: tuple[str, ...]
    every: int
    known: MeasuredSets
    make: Callable[[slice, torch.Generator], ParticleCloud]
    decides: bool

    def due(self, epoch: int) -> bool:
        """Whether to look after this epoch; always after the first, so that there is a best."""
        return epoch == 1 or epoch % self.every == 0

    def figures(self, seed: int) -> dict[str, float]:
        """The figures now, of jets made from ``seed``; nothing else random is touched."""
        generator = torch.Generator().manual_seed(seed)
        ends = [*range(0, len(self.known), _BATCH), len(self.known)]
        made = [self.make(slice(start, end), generator).to("cpu") for start, end in pairwise(ends)]
        generated = ParticleCloud.concatenate(made)
        figures: dict[str, float] = self.known.kind.monitored_figures(
            self.names, self.known, generated
        )
        return figures


def monitor_generated(
    config: TrainConfig, model: JetModel, validation: ParticleCloud
) -> Monitor | None:
    """Figures of jets that the model generates, which decide; ``None`` where none are wanted."""
    return _monitor(
        config,
        _as_learned(config, validation),
        lambda rows, generator: model.sample(
            model.draw(rows.stop - rows.start, generator), generator
        ),
        decides=True,
    )


def monitor_reconstructed(
    config: TrainConfig, model: Autoencoder, validation: ParticleCloud
) -> Monitor | None:
    """Figures of reconstructed validation jets, for a model whose prior is not there yet.

    They tell how good the jets of the best prior could be. They do not decide: an autoencoder
    that reconstructs ever better can leave codes that no prior learns.
    """
    known = _as_learned(config, validation)
    return _monitor(
        config,
        known,
        lambda rows, generator: model.reconstruct(known[rows], generator).replace(
            weights=known.weights[rows]
        ),
        decides=False,
    )


def _as_learned(config: TrainConfig, jets: ParticleCloud) -> ParticleCloud:
    """Jets with the weights by which the training draws them: their own, or one each."""
    return jets if config.weighted else jets.replace(weights=torch.ones_like(jets.weights))


def _monitor(
    config: TrainConfig,
    validation: ParticleCloud,
    make: Callable[[slice, torch.Generator], ParticleCloud],
    decides: bool,
) -> Monitor | None:
    if not config.monitor:
        return None
    if len(validation) < FEWEST_MONITORED:
        raise InputError(
            f"monitor: expected at least {FEWEST_MONITORED} validation jets, 15 % of all, "
            f"received {len(validation)}; give more jets"
        )
    real = validation[:MOST_MONITORED].to("cpu")
    return Monitor(
        config.monitor,
        config.monitor_every,
        config.kind.monitored_reference(config.monitor, real),
        make,
        decides,
    )
