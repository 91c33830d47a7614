"""What ``jetgen report`` does: gather the jets of a run or of files, and report on them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from jetgen import __version__
from jetgen.bibliography import JETGEN, Citation
from jetgen.citations import merged, of_files, of_report, of_run
from jetgen.cloud import ParticleCloud
from jetgen.config.report import ReportConfig
from jetgen.datasets import read
from jetgen.datasets.detection import open_source
from jetgen.errors import InputError
from jetgen.evaluation.baselines import independent_particles
from jetgen.evaluation.checks import RECONSTRUCTED
from jetgen.files import sha256
from jetgen.generation import latent_space, load
from jetgen.reports import write_report
from jetgen.reports.page import Rate
from jetgen.reports.words import BASELINE
from jetgen.run_folder import RunFolder

_TIMED_JETS = 1000
"""Jets generated at most to measure the speed."""


def report(config: ReportConfig) -> Path:
    """Write the report that the options ask for; return the path of its page.

    Raises:
        InputError: when the run is not finished or has no generated jets, or when the jets
            cannot be compared.
    """
    with Console(stderr=True).status("read") as status:
        if config.run is not None:
            return _report_run(config, status.update)
        return _report_files(config, status.update)


def _report_run(config: ReportConfig, progress: Callable[[str], None]) -> Path:
    assert config.run is not None, "validated by the options"
    model = load(config.run)
    folder = model.folder
    if model.config.representation == "features":
        names = ", ".join(feature.name for feature in model.model.layout.features)
        raise InputError(
            f"{folder.path}: expected a run trained on jets, whose report has jet observables, "
            f"received one on the features {names}"
        )
    if not folder.generated_file.exists():
        raise InputError(
            f"{folder.generated_file}: expected the run's generated jets, found no such file; "
            f"make them with `jetgen generate {folder.path}`"
        )
    real = model.held_out()[: config.jets]
    training = model.training_jets()
    rates = training_rates(folder)
    samples: dict[str, ParticleCloud] = {}
    latent = None
    if model.reconstructs:
        progress("reconstruct")
        with _timed("Encode and decode", len(real), rates):
            samples[RECONSTRUCTED] = model.reconstruct(real)
        latent = latent_space(model, real, config.seed)
    samples["generated"] = read(folder.generated_file, jets=config.jets)
    progress("generate")
    evaluations = model.model.evaluations
    note = f"network evaluated {evaluations} time{'s' * (evaluations != 1)} a batch"
    some = min(len(real), _TIMED_JETS)
    with _timed("Generate", some, rates, note):
        model.generate(some, seed=config.seed)
    for prior, title in list(model.priors.items())[1:]:
        progress(f"generate with the {title} prior")
        samples[f"generated ({title} prior)"] = model.generate(
            len(real), prior=prior, seed=config.seed
        )
    samples[BASELINE] = _baseline(training, len(real), config.seed)
    return write_report(
        config.output or folder.report_folder,
        real=real,
        samples=samples,
        training=training,
        title=f"Generated jets: {folder.path.resolve().name}",
        description=(
            f"{model.title}, trained on {len(training)} jets of {', '.join(model.config.data)}. "
            "Real jets are the held-out test jets, which training has not seen."
        ),
        provenance={
            "report command": ["jetgen", *sys.argv[1:]],
            "jetgen": __version__,
            "generated jets": {
                "file": str(folder.generated_file),
                "sha256": sha256(folder.generated_file),
                **_origin(open_source(folder.generated_file).attributes),
            },
            "run": model.provenance(),
        },
        history=folder.metrics_file if folder.metrics_file.exists() else None,
        latent=latent,
        rates=rates,
        citations=merged([*of_run(folder.path), *of_report(latent=latent is not None)]),
        seed=config.seed,
        progress=progress,
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
    """What a file of generated jets says about how it was made; the training is told elsewhere."""
    names = ("command", "seed", "prior", "network_evaluations", "checkpoint_sha256")
    return {name: attributes[name] for name in names if name in attributes}


def _report_files(config: ReportConfig, progress: Callable[[str], None]) -> Path:
    assert config.real is not None and config.output is not None, "validated by the options"
    real = read(config.real, jets=config.jets)
    samples = {
        name: read(path, jets=config.jets) for name, path in _names(config.generated).items()
    }
    samples[BASELINE] = _baseline(real, len(real), config.seed)
    files = [config.real, *config.generated]
    return write_report(
        config.output,
        real=real,
        samples=samples,
        title=f"Generated jets beside {Path(config.real).name}",
        description=(
            f"Real jets: {len(real)} of {config.real}. Without further real jets the floor takes "
            "two halves of them, so that every distance is between as many jets as half of them. "
            f"The {BASELINE} are drawn from the marginals of the same real jets."
        ),
        provenance={
            "report command": ["jetgen", *sys.argv[1:]],
            "jetgen": __version__,
            "files": {path: sha256(path) for path in files},
        },
        citations=merged(
            [Citation(JETGEN, "this program"), *of_files(config.real), *of_report(latent=False)]
        ),
        seed=config.seed,
        progress=progress,
    )


def _baseline(training: ParticleCloud, jets: int, seed: int) -> ParticleCloud:
    return independent_particles(training, jets, torch.Generator().manual_seed(seed))


def _names(paths: list[str]) -> dict[str, str]:
    """A sample's name is its file's; the whole path where two files share a name."""
    stems = [Path(path).stem for path in paths]
    reserved = (RECONSTRUCTED, BASELINE)
    return {
        path if stems.count(stem) > 1 or stem in reserved else stem: path
        for path, stem in zip(paths, stems, strict=True)
    }


@contextmanager
def _timed(step: str, jets: int, rates: list[Rate], note: str = "") -> Iterator[None]:
    """Add the speed of what happens inside to the rates."""
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    parts = (f"{jets} jets in {seconds:.1f} s on the CPU, {torch.get_num_threads()} threads", note)
    rates.append(Rate(step, jets / seconds, "; ".join(part for part in parts if part)))
