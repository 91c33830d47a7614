"""``jetgen generate``: write jets of one run, or of several runs in one file."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.generate import GenerateConfig
from jetgen.config.resuming import described
from jetgen.datasets.dask_cluster import by_dask
from jetgen.datasets.formats.hdf5_writing import Attribute, require_new
from jetgen.datasets.kept_clouds import arrays_of, cloud_of
from jetgen.datasets.writing import Append
from jetgen.files.chunks import Arrays, kept_chunks, may_replace
from jetgen.files.progress import counted
from jetgen.generation.mixing import TYPE, Part, completed, mixed, parts
from jetgen.kinds import Kind
from jetgen.memory import release_memory
from jetgen.physics.region import Region
from jetgen.runs.blocks import BLOCK
from jetgen.runs.data import Data
from jetgen.runs.device import choose_device
from jetgen.runs.health import read_health, warn_of
from jetgen.runs.trained_model import TrainedModel, load

CHUNK = 8 * BLOCK
"""Sets per chunk that is kept until the file is complete."""


class Generated(NamedTuple):
    """The written file.

    Args:
        path: the file.
        jets: number of jets.
        seconds: time from the first draw to the closed file, in all processes that made it.
    """

    path: Path
    jets: int
    seconds: float


def generate(config: GenerateConfig, models: Sequence[TrainedModel] | None = None) -> Generated:
    """Write jets of a run, or of several runs in random order, to a file, in a stream.

    The suffix of the file chooses HDF5, ROOT or Parquet; of sets of single items also CSV.
    With several runs, each makes a Poisson number of sets with its share of the event weight as
    the mean, features that a run does not have are zero, and ``type`` is the class.

    Args:
        config: the options.
        models: the runs that ``config.runs`` names, where they are loaded already.

    Raises:
        InputError: when a run is not finished or does not have the requested prior or conditions,
            when runs cannot be mixed, when the output exists already, or when there are
            chunks of another unfinished output, or of this one without ``resume``.

    Warns:
        HealthWarning: for each fault of a run that its training found.
    """
    if models is None:
        models = [loaded(config, run, config.data) for run in config.runs]
    plan = _planned(config, models)
    path = Path(config.output or plan.parts[0].model.run.generated_file)
    jets = sum(part.number for part in plan.parts)
    overwrite = may_replace(path, resume=config.resume, overwrite=config.overwrite)
    require_new(path, overwrite)
    with kept_chunks(
        path, _attributes(config, plan.parts), resume=config.resume, overwrite=config.overwrite
    ) as chunks:
        attributes = chunks.attributes
        with (
            _writer(path, plan, attributes, overwrite) as append,
            counted("generate", jets, "jets") as advance,
        ):
            here, there = partial(_made, plan, CHUNK), partial(_made_by_dask, config, plan)
            for arrays in chunks.stream(here if config.dask is None else there):
                cloud = cloud_of(arrays)
                append(cloud)
                advance(len(cloud))
                release_memory()
            attributes["jets_per_second"] = jets / chunks.seconds
        seconds = chunks.seconds
    return Generated(path, jets, seconds)


def _made(plan: _Plan, size: int, first: int) -> Iterator[Arrays]:
    """The chunks of ``size`` sets of a plan from number ``first`` on."""
    waiting: list[ParticleCloud] = []
    for batch in plan.batches(first * size):
        waiting.append(batch)
        if sum(map(len, waiting)) == size:
            yield arrays_of(ParticleCloud.concatenate(waiting))
            waiting.clear()
    if waiting:
        yield arrays_of(ParticleCloud.concatenate(waiting))


def _made_by_dask(config: GenerateConfig, plan: _Plan, first: int) -> Iterator[Arrays]:
    """The chunks of a plan from number ``first`` on, made by the workers of a Dask cluster."""
    assert config.dask is not None
    runs = [str(part.model.folder.path.resolve()) for part in plan.parts]
    data = [str(Path(path).resolve()) for path in config.data]
    elsewhere = replace(config, runs=runs, data=data)
    chunks = math.ceil(sum(part.number for part in plan.parts) / CHUNK)
    make = partial(_made_there, elsewhere, CHUNK)
    return by_dask(make, range(first, chunks), config.dask)


_KEPT: dict[str, list[TrainedModel]] = {}


def _made_there(config: GenerateConfig, size: int, number: int) -> Arrays:
    """A chunk of ``size`` sets, in a worker; it keeps the models for further ones."""
    if repr(config) not in _KEPT:
        _KEPT.clear()
        _KEPT[repr(config)] = [loaded(config, run, config.data) for run in config.runs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client has shown them
        plan = _planned(config, _KEPT[repr(config)])
    return next(_made(plan, size, number))


def generated(config: GenerateConfig, models: Sequence[TrainedModel]) -> ParticleCloud:
    """The sets that :func:`generate` would write."""
    plan = _planned(config, models)
    return ParticleCloud.concatenate(list(plan.batches(0)))


def loaded(config: GenerateConfig, run: str, data: Data | None = None) -> TrainedModel:
    """One of the runs, to generate as the options say, with what it was trained on."""
    device = choose_device(config.device)
    return load(
        run,
        device,
        solver=config.solver,
        solver_steps=config.solver_steps,
        width_scale=config.width_scale,
        data=data,
    )


class _Plan(NamedTuple):
    """The runs with their numbers of sets, the columns of the file, and its sets in batches.

    Args:
        batches: yields the sets in batches of :data:`BLOCK`, from the set with this number on, a
            multiple of :data:`BLOCK`.
    """

    parts: list[Part]
    features: tuple[Feature, ...]
    conditions: tuple[Feature, ...]
    batches: Callable[[int], Iterator[ParticleCloud]]

    @property
    def kind(self) -> Kind:
        return self.parts[0].model.config.kind


def _planned(config: GenerateConfig, models: Sequence[TrainedModel]) -> _Plan:
    for model in models:
        warn_of(read_health(model.folder.health_file), model.run.name)
    return _mixture(models, config) if len(models) > 1 else _alone(models[0], config)


def _alone(model: TrainedModel, config: GenerateConfig) -> _Plan:
    part = Part(model, config.jets, config.seed)
    features, conditions = model.config.kind.file_columns([model.model.layout])
    return _Plan([part], features, conditions, partial(_stream, part, config))


def _mixture(models: Sequence[TrainedModel], config: GenerateConfig) -> _Plan:
    random = np.random.default_rng(config.seed)
    chosen = parts(models, config.jets, random)
    layouts = [model.model.layout for model in models]
    features, conditions = models[0].config.kind.file_columns(layouts)
    conditions = tuple(dict.fromkeys([*conditions, TYPE]))

    def alike(part: Part, start: int) -> Iterator[ParticleCloud]:
        for sets in _stream(part, config, start):
            yield completed(sets, features, conditions, part.model)

    batches = partial(
        mixed,
        [partial(alike, part) for part in chosen],
        [part.number for part in chosen],
        BLOCK,
        random,
    )
    return _Plan(chosen, features, conditions, batches)


def _stream(part: Part, config: GenerateConfig, start: int) -> Iterator[ParticleCloud]:
    """The sets of a run as they are stored in files, from number ``start`` on."""
    if config.region is None:
        made = part.model.generated_blocks(
            part.number,
            seed=part.seed,
            prior=config.prior,
            fix=config.fixed(),
            start=start,
        )
    else:
        made = part.model.region_blocks(
            part.number, Region(config.region), seed=part.seed, start=start
        )
    return map(part.model.config.kind.as_written, made)


def _attributes(config: GenerateConfig, chosen: list[Part]) -> dict[str, Attribute]:
    """The attributes of the file; for several runs a list with an entry per run."""
    origins = [_origin(part, config) for part in chosen]
    own: dict[str, Any] = origins[0]
    if len(origins) > 1:
        own = {name: [each[name] for each in origins] for name in origins[0]}
        own["runs"] = [part.model.run.name for part in chosen]
        own["numbers"] = [part.number for part in chosen]
        own["event_weights"] = [part.model.event_weight for part in chosen]
    return {
        "command": ["jetgen", *sys.argv[1:]],
        "generate": described(config),
        "seed": config.seed,
        **own,
    }


def _origin(part: Part, config: GenerateConfig) -> dict[str, Any]:
    provenance = part.model.provenance()
    prior = config.prior or part.model.config.prior
    return {
        "train": provenance["config"],
        "data": provenance["data"],
        "prior": prior,
        "network_evaluations": part.model.model.evaluations,
        "prior_evaluations": part.model.model.prior_evaluations(prior),
        "components": provenance.get("components", []),
        "jetgen_version": provenance["libraries"]["jetgen"],
        "checkpoint_sha256": provenance["checkpoint_sha256"],
    }


def _writer(
    path: Path, plan: _Plan, attributes: dict[str, Attribute], overwrite: bool
) -> AbstractContextManager[Append]:
    """A function that appends generated sets to a new file."""
    slots = max(part.model.config.particles for part in plan.parts)
    columns = plan.features, plan.conditions
    writer: AbstractContextManager[Append] = plan.kind.writer(
        path, *columns, slots=slots, attributes=attributes, overwrite=overwrite
    )
    return writer
