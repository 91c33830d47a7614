"""What ``jetgen report`` does: gather the jets of a run or of files, and report on them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from jetgen import __version__
from jetgen.cloud import ParticleCloud
from jetgen.config.report import ReportConfig
from jetgen.datasets import read
from jetgen.errors import InputError
from jetgen.evaluation.baselines import independent_particles
from jetgen.evaluation.checks import RECONSTRUCTED
from jetgen.files import sha256
from jetgen.generation import load
from jetgen.reports import write_report
from jetgen.reports.words import BASELINE


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
    if not folder.generated_file.exists():
        raise InputError(
            f"{folder.generated_file}: expected the run's generated jets, found no such file; "
            f"make them with `jetgen generate {folder.path}`"
        )
    real = model.held_out()[: config.jets]
    training = model.training_jets()
    timings: dict[str, str] = {}
    progress("reconstruct")
    samples: dict[str, ParticleCloud] = {}
    if model.reconstructs:
        samples[RECONSTRUCTED] = _timed("reconstruction", timings, lambda: model.reconstruct(real))
    samples["generated"] = read(folder.generated_file, jets=config.jets)
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
            "generated jets": {str(folder.generated_file): sha256(folder.generated_file)},
            "run": model.provenance(),
        },
        history=folder.metrics_file if folder.metrics_file.exists() else None,
        timings=timings,
        seed=config.seed,
        progress=progress,
    )


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


def _timed(name: str, timings: dict[str, str], make: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    jets = make()
    seconds = time.perf_counter() - start
    timings[name] = f"{len(jets)} jets in {seconds:.1f} s ({len(jets) / seconds:.0f} jets / s)"
    return jets
