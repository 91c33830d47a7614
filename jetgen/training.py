"""What ``jetgen train`` does: jets, a model of them, and the stages of its training."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from jetgen.checkpoint import Checkpoint
from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import REGION, TrainConfig
from jetgen.datasets import read
from jetgen.datasets.loading import Split, batches, resampled, split_indices
from jetgen.errors import InputError
from jetgen.evaluation.observed import observe, values_by_name
from jetgen.evaluation.region import Region
from jetgen.loop import Batches, Loop, Observer, Stage
from jetgen.monitoring import monitor_generated, monitor_reconstructed
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.objectives.preparation import represent
from jetgen.objectives.prior_fitting import PriorFitting
from jetgen.physics.columns import columns
from jetgen.physics.observables import measure
from jetgen.run_folder import RunFolder

PRIOR_SHARE = 0.25
"""Share of the time limit that is kept for a prior fitted after the autoencoder."""


def train(config: TrainConfig, observe: Observer = lambda row: None) -> Path:
    """Train the model that ``config`` describes; return the run's folder.

    Args:
        config: every option.
        observe: called after each epoch, when it is saved, with its row of ``metrics.csv``;
            what it raises ends the training.

    Raises:
        InputError: for unusable data, an existing run without ``resume``, or options that differ
            from those of the run to resume.
        TrainingError: when the training diverges; the last good checkpoint is kept.
    """
    folder = RunFolder(config.run)
    resumed = None
    if config.resume:
        config = _resumed_config(config, folder)
        resumed = Checkpoint.load(folder.last) if folder.last.exists() else None
    elif folder.exists():
        raise InputError(
            f"{folder.path}: expected a new folder, found a run; choose another --run, "
            "remove it, or go on with --resume"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    jets = load_jets(config)
    if config.representation == "features":
        config = dataclasses.replace(config, particles=jets.mask.shape[1])
    split = split_indices(len(jets), config.seed)
    torch.manual_seed(config.seed)  # initial weights
    model = build_objective(config, Layout.of(jets[split.training], config))
    model.fit_data(jets[split.training])
    folder.write_config(dataclasses.replace(config, resume=False))
    folder.write_environment(
        config,
        device,
        {k: len(v) for k, v in split._asdict().items()},
        {"number": len(jets), "weight": float(jets.weights.double().sum())},
    )
    loop = Loop(config, folder, model, device, observe)
    loop.run(stages(config, model.to(device), jets.to(device), split), resumed)
    return folder.path


def load_jets(config: TrainConfig, beside: Sequence[str] = ()) -> ParticleCloud:
    """The jets that ``config`` names, in its representation.

    ``beside`` names further columns of a table that are kept as conditions.
    """
    jets = read(
        config.data,
        jet_type=config.jet_type,
        jets=config.jets,
        columns=config.columns,
        conditions=[*config.columns_beside(), *beside],
    )
    jets = represent(jets, config)
    if config.region is None:
        return jets
    inside = Region(config.region).select(observables_of(jets, config))
    return jets.with_conditions({Feature(REGION): inside})


def observables_of(jets: ParticleCloud, config: TrainConfig) -> dict[str, Tensor]:
    """What a region can ask of jets in the representation of ``config``, ``(B,)`` by name."""
    if config.representation == "features":
        return {observable.name: values for observable, values in columns(jets)}
    return values_by_name(observe(jets, measure(jets)))


def choose_device(wanted: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: when CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("--device: expected a CUDA device, found none; use auto or cpu")
    return "cuda" if available and wanted != "cpu" else "cpu"


def stages(config: TrainConfig, model: JetModel, jets: ParticleCloud, split: Split) -> list[Stage]:
    """The model and, where a prior is fitted to the codes of an autoencoder, the prior."""
    training, held_out = jets[split.training], jets[split.validation]
    validation = held_out
    if config.weighted:
        validation = resampled(held_out, torch.Generator().manual_seed(config.seed))
    limit = math.inf if config.time_limit is None else 60 * config.time_limit

    def of_jets() -> Batches:
        return Batches(
            lambda generator: batches(training, config.batch, generator, weighted=config.weighted),
            lambda: batches(validation, config.batch),
        )

    generated = monitor_generated(config, model, held_out)
    if not isinstance(model, Autoencoder):
        return [Stage(config.objective, model, of_jets, config.epochs, limit, generated)]
    prior = model.learned_prior
    if prior is None or config.prior_training == "joint":
        return [Stage("autoencoder", model, of_jets, config.epochs, limit, generated)]
    reconstructed = monitor_reconstructed(config, model, held_out)

    def of_codes() -> Batches:
        fitted = training
        if config.weighted:
            fitted = resampled(training, torch.Generator().manual_seed(config.seed))
        known, others = (_encode(model, part, config.batch) for part in (fitted, validation))
        prior.fit_scale(known.draw(torch.Generator().manual_seed(config.seed)))
        return Batches(
            lambda generator: _code_batches(known, config.batch, generator),
            lambda: [others],
        )

    return [
        Stage(
            "autoencoder", model, of_jets, config.epochs, limit * (1 - PRIOR_SHARE), reconstructed
        ),
        Stage("prior", PriorFitting(model), of_codes, config.prior_epochs, limit, generated),
    ]


@torch.no_grad()
def _encode(model: Autoencoder, jets: ParticleCloud, size: int) -> Codes:
    model.eval()
    parts = [model.encode(batch) for batch in batches(jets, size)]
    return Codes(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def _code_batches(codes: Codes, size: int, generator: torch.Generator) -> Iterator[Codes]:
    order = torch.randperm(len(codes.mean), generator=generator).to(codes.mean.device)
    for rows in order.split(size):
        yield Codes(*(column[rows] for column in codes))


def _resumed_config(given: TrainConfig, folder: RunFolder) -> TrainConfig:
    """The stored options of the run, after a check that no option given contradicts them."""
    stored = folder.read_config()
    for field in dataclasses.fields(TrainConfig):
        if field.name in ("run", "resume"):
            continue
        default = getattr(TrainConfig(), field.name)
        value = getattr(given, field.name)
        if value != default and value != getattr(stored, field.name):
            flag = "--" + field.name.replace("_", "-")
            raise InputError(
                f"{flag}: expected {getattr(stored, field.name)!r} as in {folder.path}, received "
                f"{value!r}; a resumed run keeps its options"
            )
    return dataclasses.replace(stored, run=given.run)
