"""``jetgen report``: read the sets of a run or of files, and write a report."""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jetgen import __version__
from jetgen.citing.bibliography import JETGEN, Citation
from jetgen.citing.citations import merged, of_files, of_report, of_run
from jetgen.cloud import ParticleCloud
from jetgen.config.reading import FileOptions, file_options, generated_options
from jetgen.config.report import ReportConfig
from jetgen.datasets import read
from jetgen.datasets.choosing import drawn_rows
from jetgen.datasets.detection import find_files, map_of, open_source, sha256_of
from jetgen.errors import InputError, InputWarning
from jetgen.evaluation.checks import RECONSTRUCTED, measured_sample
from jetgen.files.progress import named_steps
from jetgen.files.whole import sha256
from jetgen.kinds import Kind, kind_of_cloud
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.reports import About, Shown, write_report
from jetgen.reports.beside import in_words, jets_beside
from jetgen.reports.page import SIMULATE, Rate
from jetgen.runs.data import Data
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import read_health
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import TrainedModel, load

_TIMED_JETS = 1000
"""Largest number of jets generated to measure the speed."""


def report(
    config: ReportConfig,
    clouds: Mapping[str, ParticleCloud] | None = None,
    data: Data | None = None,
) -> Path:
    """Write the report for these options; return the path of its page.

    Args:
        config: the options.
        clouds: sets passed from Python, by the names that the options have in place of files.
        data: what the run was trained on, in place of the files that ``config.data`` names.

    Raises:
        InputError: when the run is not finished or has no generated jets, or when the jets
            cannot be compared.
    """
    with named_steps("read") as step:
        if config.run is not None:
            return _report_run(config, clouds or {}, config.data if data is None else data, step)
        return _report_files(config, clouds or {}, step)


def _report_run(
    config: ReportConfig,
    clouds: Mapping[str, ParticleCloud],
    data: Data,
    progress: Callable[[str], None],
) -> Path:
    assert config.run is not None, "validated by the options"
    model = load(config.run, data=data, map=config.map, allow=config.allow)
    folder = model.folder
    kind = model.config.kind
    noun, named = kind.noun.many, config.reference_name
    generated = _generated_file(model)
    absent = generated is None and model.run.shipped is None
    kinds = "Reconstructed" if absent else "Generated"
    real, training, files, origin = _jets_to_compare_with(model, config, clouds)
    rates = training_rates(folder)
    timed = partial(_timed, rates=rates, noun=noun)
    progress("generate")
    samples = {}
    if generated is not None:
        samples["generated"] = read(
            generated, jets=config.jets, seed=config.seed, first=config.first
        )
    elif not absent:
        samples["generated"] = model.generate(len(real), seed=config.seed)
    evaluations = model.model.evaluations
    note = f"network evaluated {evaluations} time{'s' * (evaluations != 1)} per batch"
    some = min(len(real), _TIMED_JETS)
    with timed("Generate", some, note=note):
        made = model.generate(some, seed=config.seed)
    for prior, title in [] if absent else list(model.priors.items())[1:]:
        progress(f"generate with the {title} prior")
        samples[f"generated ({title} prior)"] = model.generate(
            len(real), prior=prior, seed=config.seed
        )
    attributes = open_source(files[0]).attributes if files else {}
    if config.beside:
        progress(f"generate with {', '.join(config.beside)}")
        samples |= jets_beside(model, config.beside, attributes, len(real), config.seed)
    latent = None
    if model.reconstructs:
        progress("reconstruct")
        with timed("Encode and decode", len(real)):
            samples[RECONSTRUCTED] = model.reconstruct(real)
        latent = latent_space(model, real, config.seed)
    samples |= _baseline(kind, real if training is None else training, len(real), config.seed)
    if speed := attributes.get("jets_per_second"):
        rates.append(Rate(SIMULATE, float(speed), "as recorded in the file of the simulation"))
    shown = Shown(
        real=real,
        samples=samples,
        kind=kind,
        training=training,
        reference=named,
        history=folder.metrics_file if folder.metrics_file.exists() else None,
        latent=latent,
        requested=_requested(model, made),
    )
    about = About(
        title=f"{kinds} {noun}: {Path(model.run.name).resolve().name}",
        description="".join(f"Warning: {finding}. " for finding in read_health(folder.health_file))
        + f"No {noun} were generated for this report. " * absent
        + (
            f"{model.title}, trained on {model.training_size} {noun} of "
            f"{', '.join(model.config.data)}. The {named} {noun} on this page are {origin}."
            f"{in_words(config.beside, attributes)}"
        ),
        attributes=attributes,
        provenance={
            "report command": ["jetgen", *sys.argv[1:]],
            "jetgen": __version__,
            f"generated {noun}": {"file": "none"}
            if absent
            else {"seed": config.seed}
            if generated is None
            else {
                "file": str(generated),
                "sha256": sha256(generated),
                **_origin(open_source(generated).attributes),
            },
            "run": model.provenance(),
        },
        rates=rates,
        citations=merged(
            [
                *of_run(config.run, None if config.real else files),
                *of_report(kind, latent=latent is not None),
            ]
        ),
    )
    target = config.output or model.run.report_folder
    return write_report(
        target, shown, about, panels=config.panels, seed=config.seed, progress=progress
    )


def _generated_file(model: TrainedModel) -> Path | None:
    """The generated jets of a run; a model that comes with jetgen has none, they are made anew.

    An autoencoder may have none: its report is that of its reconstructions.
    """
    if model.run.shipped is not None:
        return None
    path = model.folder.generated_file
    many, again = model.config.kind.noun.many, f"jetgen.generate({model.run.name!r}"
    if path.exists():
        _require_made_by(model, path, f"`{again}, overwrite=True)`")
        return path
    advice = f"`{again})`"
    if not model.reconstructs:
        raise InputError(
            f"{path}: expected the run's generated {many}, found no such file; make them with "
            f"{advice}"
        )
    warnings.warn(
        f"{path}: found no such file; the report shows reconstructed {many} alone, {advice} makes "
        "generated ones",
        InputWarning,
        stacklevel=2,
    )
    return None


def _require_made_by(model: TrainedModel, path: Path, advice: str) -> None:
    """Refuse sets that another model made, or that of another training in this folder."""
    noted = open_source(path).attributes.get("checkpoint_sha256")
    if noted is None:
        return  # of an earlier version
    found = model.provenance()["checkpoint_sha256"]
    if noted != found:
        raise InputError(
            f"{path}: expected {model.config.kind.noun.many} of the weights of {model.run.name} "
            f"(SHA-256 {found}), received those of others ({noted}); make them with {advice}"
        )


class _Compared(NamedTuple):
    """Jets to compare with, further ones for the floor, their files, and what they are in words."""

    real: ParticleCloud
    training: ParticleCloud | None
    files: list[Path]
    origin: str


def _jets_to_compare_with(
    model: TrainedModel, config: ReportConfig, clouds: Mapping[str, ParticleCloud]
) -> _Compared:
    """The jets of ``config.real``, or those that the run held out."""
    noun = model.config.kind.noun.many
    if config.real is not None:
        real = model.comparable(clouds.get(config.real, config.real), **file_options(config))
        files = [] if config.real in clouds else find_files(config.real)
        return _Compared(real, None, files, f"those of {config.real}")
    if model.run.shipped is not None:
        raise InputError(
            f"report: expected `real`, a file with {noun} to compare those of {model.run.name} "
            "with, received none"
        )
    trained_on = model.data()
    return _Compared(
        model.held_out(most=config.jets),
        model.training_sample(),
        [] if isinstance(trained_on, ParticleCloud) else [Path(path) for path in trained_on],
        f"the held-out test {noun}, which were not used in the training",
    )


def training_rates(folder: RunFolder) -> list[Rate]:
    """The median over epochs of the training speed, for each stage of a run."""
    if not folder.metrics_file.exists():
        return []
    speeds: dict[str, list[float]] = {}
    for row in folder.read_metrics():
        if "jets_per_second" in row:
            speeds.setdefault(row.get("stage", ""), []).append(float(row["jets_per_second"]))
    return [
        Rate(
            f"Train {stage}".strip(),
            statistics.median(found),
            f"median of {len(found)} epochs, validation not counted",
        )
        for stage, found in speeds.items()
    ]


def _origin(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """How a file of generated jets was made, from its attributes; without the training."""
    names = ("command", "seed", "prior", "network_evaluations", "checkpoint_sha256")
    return {name: attributes[name] for name in names if name in attributes}


def _requested(model: TrainedModel, made: ParticleCloud) -> dict[Observable, tuple[Tensor, Tensor]]:
    """Requested and obtained values of the conditions that can be measured."""
    kind = model.config.kind
    measured = kind.measure(made)
    return {
        observable: (made.condition(observable.name), values)
        for observable, values in kind.observables(measured)
        if observable.name in model.config.condition and made.has_condition(observable.name)
    }


def _attributes(path: str) -> Mapping[str, Any]:
    """The attributes of a file of simulated sets; empty if the file does not exist any more."""
    return open_source(path).attributes if Path(path).is_file() else {}


def _report_files(
    config: ReportConfig, clouds: Mapping[str, ParticleCloud], progress: Callable[[str], None]
) -> Path:
    assert config.real is not None and config.output is not None, "validated by the options"

    def sets(name: str, options: FileOptions) -> ParticleCloud:
        if name in clouds:
            seed = None if config.first else config.seed
            return clouds[name][drawn_rows(len(clouds[name]), config.jets, seed)]
        return read(name, **options)

    real_sets = sets(config.real, file_options(config))
    kind = kind_of_cloud(real_sets)
    noun, trivial, named = kind.noun.many, kind.baseline, config.reference_name
    real = measured_sample(real_sets, named, kind)
    del real_sets  # what is measured takes less memory
    baseline = {
        name: measured_sample(cloud, name, kind)
        for name, cloud in _baseline(kind, real.sets, len(real), config.seed).items()
    }
    samples = {
        name: measured_sample(
            sets(
                path, generated_options(config, {} if path in clouds else map_of(path, config.map))
            ),
            name,
            kind,
        )
        for name, path in _names(config.generated, kind).items()
    }
    files = [path for path in (config.real, *config.generated) if path not in clouds]
    shown = Shown(real=real, samples=samples | baseline, kind=kind, reference=named)
    about = About(
        title=f"Generated {noun} and {Path(config.real).name}",
        description=(
            f"The {named} {noun} are {len(real):,} from {config.real}. The {trivial} are drawn "
            f"from the one-dimensional distributions of the same {noun}."
        ),
        attributes=_attributes(config.real),
        provenance={
            "report command": ["jetgen", *sys.argv[1:]],
            "jetgen": __version__,
            "files": {path: sha256_of(path) for path in files},
        },
        citations=merged(
            [
                Citation(JETGEN, "this program"),
                *(of_files(config.real) if config.real in files else []),
                *of_report(kind, latent=False),
            ]
        ),
    )
    return write_report(
        config.output, shown, about, panels=config.panels, seed=config.seed, progress=progress
    )


def _baseline(
    kind: Kind, training: ParticleCloud | MeasuredSets, number: int, seed: int
) -> dict[str, ParticleCloud]:
    generator = torch.Generator().manual_seed(seed)
    return {kind.baseline: kind.make_baseline(training, number, generator)}


def _names(paths: list[str], kind: Kind) -> dict[str, str]:
    """The names of samples: those of their files, or whole paths if two files share a name."""
    stems = [Path(path).stem for path in paths]
    reserved = (RECONSTRUCTED, kind.baseline)
    return {
        path if stems.count(stem) > 1 or stem in reserved else stem: path
        for path, stem in zip(paths, stems, strict=True)
    }


@contextmanager
def _timed(
    step: str, number: int, *, rates: list[Rate], noun: str, note: str = ""
) -> Iterator[None]:
    """Measure the speed of the block, and add it to the rates."""
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    threads = torch.get_num_threads()
    cores = f"{threads} thread{'s' * (threads != 1)}"
    parts = (f"{number} {noun} in {seconds:.1f} s on the CPU, {cores}", note)
    rates.append(Rate(step, number / seconds, "; ".join(part for part in parts if part)))
