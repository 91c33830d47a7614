"""Metrics of generated jets, monitored during training."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
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
from jetgen.weights import counted_sets, sized

_BATCH = 1024

_REPLICAS = 5
"""Pairs of samples from which the fluctuation of a metric is estimated."""


class Monitor(NamedTuple):
    """The monitored metrics of one stage of a training.

    Args:
        names: the names of the metrics.
        every: epochs from one computation to the next.
        known: measurements of the validation jets, with the weights that the model should learn;
            measured at the first call.
        make: function that generates jets for some rows of the validation jets, on any device.
        decides: whether the first metric, instead of the validation loss, selects the best epoch
            and ends the stage.
        fluctuation: the standard deviation of the first metric by the accident of the jets; zero
            if it does not decide.
    """

    names: tuple[str, ...]
    every: int
    known: Callable[[], MeasuredSets]
    make: Callable[[slice, torch.Generator], ParticleCloud]
    decides: bool
    fluctuation: Callable[[], float]

    def due(self, epoch: int) -> bool:
        """Whether to compute metrics after this epoch; always after the first.

        The training also computes them after the epoch that the time limit ends.
        """
        return epoch == 1 or epoch % self.every == 0

    def prepare(self) -> None:
        """Measure the validation jets now."""
        self.known()

    def figures(self, seed: int) -> dict[str, float]:
        """The metrics of jets generated with ``seed``; the global random state does not change."""
        generator = torch.Generator().manual_seed(seed)
        known = self.known()
        ends = [*range(0, len(known), _BATCH), len(known)]
        made = [self.make(slice(start, end), generator).to("cpu") for start, end in pairwise(ends)]
        generated = ParticleCloud.concatenate(made)
        figures: dict[str, float] = known.kind.monitored_figures(self.names, known, generated)
        return figures


def monitor_generated(
    config: TrainConfig, model: JetModel, validation: ParticleCloud
) -> Monitor | None:
    """Metrics of generated jets, which select the best epoch; ``None`` if none are requested."""
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
    """Metrics of reconstructed validation jets, for a model whose prior is not trained yet.

    They are those of jets with a perfect prior. They do not select the best epoch: a better
    reconstruction can come with codes that are harder to learn for the prior.
    """
    known = _as_learned(config, validation)
    return _monitor(
        config,
        known,
        lambda rows, generator: model.reconstruct(known[rows], generator).with_unchecked_weights(
            known.weights[rows]
        ),
        decides=False,
    )


def _as_learned(config: TrainConfig, jets: ParticleCloud) -> ParticleCloud:
    """Jets with the weights that the training uses: their own, or one."""
    return jets if config.weighted else jets.replace(weights=torch.ones_like(jets.weights))


def _monitor(
    config: TrainConfig,
    validation: ParticleCloud,
    make: Callable[[slice, torch.Generator], ParticleCloud],
    decides: bool,
) -> Monitor | None:
    if not config.monitor:
        return None
    if counted_sets(validation.weights) < FEWEST_MONITORED:
        raise InputError(
            f"monitor: expected at least {FEWEST_MONITORED} validation jets (15 % of all), "
            f"received {sized(validation.weights)}; give more jets"
        )
    real = validation[:MOST_MONITORED].to("cpu")
    return Monitor(
        config.monitor,
        config.monitor_every,
        cache(partial(config.kind.monitored_reference, config.monitor, real)),
        make,
        decides,
        partial(fluctuation, config, real) if decides else float,
    )


def fluctuation(config: TrainConfig, real: ParticleCloud) -> float:
    """The standard deviation of the first monitored metric between equal jets.

    It is that of two samples drawn with replacement from the validation jets, which are as large as
    those that are compared during the training.
    """
    name, generator = config.monitor[0], torch.Generator().manual_seed(config.seed)

    def drawn() -> ParticleCloud:
        return real[torch.randint(len(real), (len(real),), generator=generator)]

    found = []
    for _ in range(_REPLICAS):
        reference = config.kind.monitored_reference((name,), drawn())
        found.append(config.kind.monitored_figures((name,), reference, drawn())[name])
    return float(torch.tensor(found, dtype=torch.float64).std())
