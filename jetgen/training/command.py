"""``jetgen train``: read jets, build a model, and train it in stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric

from jetgen import processes
from jetgen.cloud import ParticleCloud
from jetgen.config.option import given_options
from jetgen.config.train import IN_MEMORY, TrainConfig
from jetgen.datasets.loading import TrainingJets
from jetgen.datasets.streaming import StreamedJets
from jetgen.errors import InputError
from jetgen.extras import require_package
from jetgen.files.checkpoint import Checkpoint
from jetgen.files.lock import locked
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.runs.data import Data, content_hash, data_of, training_jets
from jetgen.runs.folder import RunFolder
from jetgen.training.compiling import compile_networks
from jetgen.training.launch import launch
from jetgen.training.loop import Loop, Observer, Stage
from jetgen.training.stages import stages


def train(
    config: TrainConfig,
    observe: Observer = lambda row: None,
    data: ParticleCloud | None = None,
) -> Path:
    """Train the model that ``config`` describes; return the run's folder.

    Args:
        config: the options. With ``resume`` all given options must be equal to the stored ones;
            given are the options on the command line, and in Python those that differ from
            their defaults. Only ``time_limit`` may differ, for an unfinished run, ``devices`` and
            ``nodes``, and ``data`` may name the same files in another place.
        observe: called with the row of ``metrics.csv`` after each epoch has been saved; an
            exception from it ends the training.
        data: the jets, in place of the files that ``config.data`` names.

    Raises:
        InputError: for unusable data, an existing run without ``resume``, options that differ
            from those of the run to resume, or a folder that another process is training in.
        TrainingError: when the training diverges; the last good checkpoint is kept.
        UnfinishedError: when the time limit ended a stage before
            :data:`~jetgen.training.loop.MINIMUM_STEPS` steps; the run can be resumed.

    Warns:
        HealthWarning: for each problem of the trained model, as in ``health.json``.
    """
    folder = RunFolder(config.run)
    where = folder.read_config() if config.resume and folder.exists() else config
    names = ("devices", "nodes")
    fabric = launch(dataclasses.replace(where, **{name: getattr(config, name) for name in names}))
    with _held_by_first(Path(config.run).resolve()), _global_state_kept():
        return _train(config, folder, observe, data, fabric)


@contextmanager
def _held_by_first(path: Path) -> Iterator[None]:
    """Keep other trainings from the folder within the block."""
    with ExitStack() as stack:
        processes.by_first(lambda: stack.enter_context(locked(path)))
        yield


@contextmanager
def _global_state_kept() -> Iterator[None]:
    """Restore torch's random state and number of threads after the block."""
    threads = torch.get_num_threads()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        torch.set_num_threads(threads)


class _Ready(NamedTuple):
    """Everything that is known before the first step.

    Args:
        config: the options, with those that the data decide.
        model: with everything that is not trained by gradient.
        stages: the parts of the training.
        resumed: the checkpoint to go on from, if any.
        split: the sizes of the training, validation and test sets.
        events: the number and the total weight of all of them.
        begun: whether the run has been started before.
    """

    config: TrainConfig
    model: JetModel
    stages: list[Stage]
    resumed: Checkpoint | None
    split: dict[str, int]
    events: dict[str, float]
    begun: bool


def _train(
    config: TrainConfig,
    folder: RunFolder,
    observe: Observer,
    data: ParticleCloud | None,
    fabric: Fabric,
) -> Path:
    ready = processes.by_all(partial(_prepare, config, folder, data, fabric.device))
    processes.by_first(partial(_write_start, ready, folder, data, fabric.device))
    loop = Loop(ready.config, folder, ready.model, fabric, observe)
    loop.run(ready.stages, ready.resumed)
    return folder.path


def _prepare(
    config: TrainConfig, folder: RunFolder, data: ParticleCloud | None, device: torch.device
) -> _Ready:
    resumed = None
    source: Data | None = data
    if data is not None:
        config = dataclasses.replace(config, data=[IN_MEMORY])
    resume, begun = config.resume, folder.environment_file.exists()
    if resume:
        given, config = config, _resumed_config(config, folder)
        if begun:
            if data is None and given.data != config.data and "data" in given_options(given):
                source = given.data
            source = data_of(config, folder, source)
        resumed = Checkpoint.load(folder.last) if folder.last.exists() else None
    elif folder.path.exists() and not folder.path.is_dir():
        raise InputError(
            f"{folder.path}: expected a new folder, found a file; choose another `run`"
        )
    elif folder.last.exists() or folder.best.exists():  # without them nothing is lost
        raise InputError(
            f"{folder.path}: expected a new folder, found a run; choose another `run`, "
            f"remove it, or continue it: `jetgen.train(run={config.run!r}, resume=True)`"
        )
    threads = config.threads or (folder.threads() if resume else None)
    if threads:
        torch.set_num_threads(threads)
    if config.log is not None:
        require_package(config.log)
    together = not (resume and begun) or folder.keeps_copies_together()
    jets = training_jets(config, source, copies_together=together)
    weighted = jets.weighted if config.weighted is None else config.weighted
    streamed = isinstance(jets, StreamedJets)
    config = dataclasses.replace(config, particles=jets.slots, weighted=weighted, streamed=streamed)
    torch.manual_seed(config.seed)  # initial weights
    model = _built(config, jets)
    if config.compile:
        compile_networks(model, device)
    return _Ready(
        config=dataclasses.replace(config, resume=False),
        model=model,
        stages=stages(config, model.to(device), jets.to(str(device))),
        resumed=resumed,
        split=jets.sizes,
        events={"number": jets.number, "weight": jets.weight},
        begun=resume and begun,
    )


def _write_start(
    ready: _Ready, folder: RunFolder, data: ParticleCloud | None, device: torch.device
) -> None:
    folder.write_config(ready.config)
    if not ready.begun:  # what the first start noted holds
        content = None if data is None else content_hash(data)
        folder.write_environment(ready.config, device.type, ready.split, ready.events, content)


def _built(config: TrainConfig, jets: TrainingJets) -> JetModel:
    """The model, fitted to the jets where it is not trained."""
    sample = jets.sample()
    model = build_objective(config, Layout.of(sample, config))
    model.fit_data(sample)
    if config.streamed:
        model.fit_streamed(jets.chunks)
    return model


def _resumed_config(given: TrainConfig, folder: RunFolder) -> TrainConfig:
    """The stored options of the run, after a check that no option given contradicts them."""
    stored = folder.read_config()
    names = given_options(given)
    free = {"run", "resume", "time_limit", "devices", "nodes"}
    if folder.environment_file.exists():
        free.add("data")  # which are recognised by their content
    for name in sorted(names - free):
        value = getattr(given, name)
        if value != getattr(stored, name):
            raise InputError(
                f"{name}: expected {getattr(stored, name)!r} as in {folder.path}, received "
                f"{value!r}; a resumed run keeps its options"
            )
    limit = given.time_limit if "time_limit" in names else stored.time_limit
    return dataclasses.replace(
        stored, run=given.run, time_limit=limit, devices=given.devices, nodes=given.nodes
    )
