"""The stages of a training: the model and, for an autoencoder, the prior of its codes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.datasets.loading import TrainingJets, batches, resampled
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Objective
from jetgen.objectives.model import JetModel
from jetgen.objectives.prior_fitting import PriorFitting
from jetgen.sharing import gathered, shared
from jetgen.training.monitoring import Monitor, monitor_generated, monitor_reconstructed


class Batches(NamedTuple):
    """What a stage trains on.

    Args:
        training: the shuffled batches of an epoch.
        validation: the fixed validation batches.
        validated: number of jets in these.
    """

    training: Callable[[torch.Generator], Iterator[Any]]
    validation: Callable[[], Iterable[Any]]
    validated: int


class Stage(NamedTuple):
    """One objective trained for some epochs.

    Args:
        name: in metrics and messages.
        objective: what is trained.
        prepare: makes the batches when the stage begins.
        epochs: at most.
        time_limit: seconds of training, counted from the first stage, after which it ends.
        monitor: figures to follow, if any.
        share: seconds that it has from its own start, even beyond ``time_limit``.
    """

    name: str
    objective: Objective
    prepare: Callable[[], Batches]
    epochs: int
    time_limit: float
    monitor: Monitor | None
    share: float = 0.0


PRIOR_SHARE = 0.25
"""Share of the time limit for a prior that is fitted after the autoencoder, from its start."""


MOST_VALIDATED = 5_000
"""Validation jets that are used with a time limit, which validating all of many could exceed."""


MOST_CODES = 1_000_000
"""Training jets whose codes a prior is fitted to; codes are held in memory."""


def stages(config: TrainConfig, model: JetModel, jets: TrainingJets) -> list[Stage]:
    """The stage of the model and, if a prior is fitted to the codes, the stage of the prior."""
    weighted, held_out = bool(config.weighted), jets.validation
    if config.time_limit is not None:
        held_out = held_out[:MOST_VALIDATED]
    validation = held_out
    if weighted:
        validation = resampled(held_out, torch.Generator().manual_seed(config.seed))
    limit = math.inf if config.time_limit is None else 60 * config.time_limit

    def of_jets() -> Batches:
        return Batches(
            lambda generator: jets.batches(config.batch, generator, weighted),
            lambda: batches(validation, config.batch),
            len(validation),
        )

    generated = monitor_generated(config, model, held_out)
    if not isinstance(model, Autoencoder):
        return [Stage(config.objective, model, of_jets, config.epochs, limit, generated)]
    prior = model.learned_prior
    if prior is None or config.prior_training == "joint":
        return [Stage("autoencoder", model, of_jets, config.epochs, limit, generated)]
    reconstructed = monitor_reconstructed(config, model, held_out)

    def of_codes() -> Batches:
        most = MOST_CODES if config.streamed else None
        fitted = jets.learned(torch.Generator().manual_seed(config.seed), weighted, most)
        known, others = (_encode(model, part, config.batch) for part in (fitted, [validation]))
        prior.fit_scale(known.draw(torch.Generator().manual_seed(config.seed)))
        return Batches(
            lambda generator: _code_batches(known, config.batch, generator),
            lambda: [others],
            len(validation),
        )

    return [
        Stage(
            "autoencoder", model, of_jets, config.epochs, limit * (1 - PRIOR_SHARE), reconstructed
        ),
        Stage(
            "prior",
            PriorFitting(model),
            of_codes,
            config.prior_epochs,
            limit,
            generated,
            share=limit * PRIOR_SHARE,
        ),
    ]


@torch.no_grad()
def _encode(model: Autoencoder, clouds: Iterable[ParticleCloud], size: int) -> Codes:
    model.eval()
    parts = []
    for batch in (batch for jets in clouds for batch in batches(jets, size)):
        with shared(batch) as (part, _):
            parts.append([gathered(column) for column in model.encode(part)])
    return Codes(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def _code_batches(codes: Codes, size: int, generator: torch.Generator) -> Iterator[Codes]:
    order = torch.randperm(len(codes.mean), generator=generator).to(codes.mean.device)
    for rows in order.split(size):
        yield Codes(*(column[rows] for column in codes))
