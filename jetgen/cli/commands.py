"""What every command does after its options are read: call the room that does the work, and print
a line or a table about what was made."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jetgen.errors import InputWarning

if TYPE_CHECKING:
    from jetgen.config.cite import CiteConfig
    from jetgen.config.cluster import ClusterConfig
    from jetgen.config.compare import CompareConfig
    from jetgen.config.compress import CompressConfig
    from jetgen.config.decompress import DecompressConfig
    from jetgen.config.distill import DistillConfig
    from jetgen.config.doctor import DoctorConfig
    from jetgen.config.evaluate import EvaluateConfig
    from jetgen.config.export import ExportConfig
    from jetgen.config.fetch import FetchConfig
    from jetgen.config.generate import GenerateConfig
    from jetgen.config.inspect import InspectConfig
    from jetgen.config.latent import LatentConfig
    from jetgen.config.leaderboard import LeaderboardConfig
    from jetgen.config.models import ModelsConfig
    from jetgen.config.peaks import PeaksConfig
    from jetgen.config.presets import PresetsConfig
    from jetgen.config.report import ReportConfig
    from jetgen.config.simulate import SimulateConfig
    from jetgen.config.study import StudyConfig
    from jetgen.config.sweep import SweepConfig
    from jetgen.config.train import TrainConfig


def simulate(config: SimulateConfig) -> None:
    from jetgen.datasets.simulation.command import simulate
    from jetgen.physics.classes import JET_CLASSES

    done = simulate(config)
    of, items = ("jets", "particles") if config.sample in JET_CLASSES else ("sets", "items")
    print(
        f"{done.path}: {done.jets:,} {config.sample} {of}, "
        f"{done.particles / done.jets:.1f} {items} each, "
        f"{done.path.stat().st_size / 1e6:.1f} MB"
    )
    if done.interrupted:
        raise KeyboardInterrupt


def cluster(config: ClusterConfig) -> None:
    from jetgen.datasets.clustering.command import cluster_events

    done = cluster_events(config)
    print(
        f"{done.path}: {done.kept:,} of {done.events:,} events kept, "
        f"{done.path.stat().st_size / 1e6:.1f} MB"
    )
    if done.interrupted:
        raise KeyboardInterrupt


def fetch(config: FetchConfig) -> None:
    from jetgen.datasets.download.command import fetch

    for name in config.names:
        print(fetch(name, cache=config.cache or None, server=config.server))


def inspect(config: InspectConfig) -> None:
    from jetgen.datasets.detection import find_files
    from jetgen.datasets.inspection.command import inspect
    from jetgen.datasets.inspection.table import table
    from jetgen.files.terminal import Terminal

    console = Terminal()
    known: list[Any] = []
    for path in find_files(config.files):
        found = inspect(path, map=config.map, known=known)
        console.print(table(found))
        for doubt in found.doubts:
            warnings.warn(f"{path}: {doubt}", InputWarning, stacklevel=1)


def train(config: TrainConfig) -> None:
    from jetgen import processes
    from jetgen.training.command import train

    run = train(config)
    if processes.first():
        print(f"trained: {run}")
        print(f"next:    jetgen generate {shlex.quote(str(run))}")


def distill(config: DistillConfig) -> None:
    from jetgen.distillation.command import distill

    print(f"trained: {distill(config)}")


def presets(config: PresetsConfig) -> None:
    from jetgen.configs import names, shipped

    if config.name is not None:
        print(shipped("presets", config.name).read_text(encoding="utf-8"), end="")
        return
    for name, summary in names("presets").items():
        print(f"{name:<14} {summary}")
    print("use one with `jetgen train --preset NAME`; `jetgen presets NAME` prints its options")


def models(config: ModelsConfig) -> None:
    from jetgen.pretrained.command import models

    print(models(config))


def generate(config: GenerateConfig) -> None:
    from jetgen.generation.command import generate

    made = generate(config)
    print(f"generated: {made.path}")
    rate = made.jets / made.seconds
    print(f"{made.jets} in {made.seconds:.2f} s, {rate:,.0f} per second, writing included")


def export(config: ExportConfig) -> None:
    from jetgen.export.command import export

    done = export(config)
    shapes = [f"{name} {list(shape)}" if shape else name for name, shape in done.inputs.items()]
    print(f"exported: {done.path}, {done.path.stat().st_size / 1e6:.1f} MB")
    print(f"inputs per jet: {', '.join(shapes)}; numbers and conditions to draw from: {done.table}")
    print(f"momenta differ from those of jetgen by at most {done.difference:.1g} of the jet pT")


def evaluate(config: EvaluateConfig) -> None:
    from jetgen.evaluation.command import GENERATED, evaluate_files
    from jetgen.evaluation.table import metrics_table
    from jetgen.files.terminal import Terminal

    content, path = evaluate_files(config)
    print(f"metrics: {path}")
    printed = {"merits": {GENERATED: content.get("classifiers", {})}, **content}
    Terminal().print(metrics_table(printed))


def report(config: ReportConfig) -> None:
    from jetgen.reports.command import report
    from jetgen.reports.terminal import print_table
    from jetgen.runs.named import named

    page = report(config)
    if config.run is not None and (run := named(config.run)).shipped is None:
        print(f"jets:   {run.generated_file}")
    print(f"report: {page}")
    print_table(page.with_name("table.json"))


def latent(config: LatentConfig) -> None:
    from jetgen.latent.command import latent

    _print_findings("latent", latent(config))


def compare(config: CompareConfig) -> None:
    from jetgen.ranking.command import compare

    _print_ranking(compare(config))


def leaderboard(config: LeaderboardConfig) -> None:
    from jetgen.ranking.command import leaderboard

    _print_ranking(leaderboard(config))


def compress(config: CompressConfig) -> None:
    from jetgen.compression.command import compress

    done = compress(config)
    names = ", ".join(feature.name for feature in done.features)
    print(
        f"compressed: {done.path}, {done.jets} jets, {done.particles} particles"
        + (f" ({done.dropped} beyond the run's limit dropped)" if done.dropped else "")
        + f", {done.size / 1e6:.2f} MB, {done.ratio:.1f} times less than {names} in single "
        "precision"
    )


def decompress(config: DecompressConfig) -> None:
    from jetgen.compression.command import decompress

    print(f"decompressed: {decompress(config)}")


def peaks(config: PeaksConfig) -> None:
    from jetgen.peaks.command import peaks

    page, answer = peaks(config)
    print(answer)
    print(f"peaks: {page}")


def sweep(config: SweepConfig) -> None:
    from jetgen.sweeps.command import sweep

    _print_findings("sweep", sweep(config))


def study(config: StudyConfig) -> None:
    from jetgen.studies.command import study

    _print_findings("study", study(config))


def cite(config: CiteConfig) -> None:
    from jetgen.citing.citations import of_run

    print("\n\n".join(citation.bibtex for citation in of_run(config.run)))


def doctor(config: DoctorConfig) -> None:
    from jetgen.doctor.command import examine, table
    from jetgen.files.terminal import Terminal

    Terminal().print(table(examine()))


def _print_text(path: Path) -> None:
    from jetgen.files.printable import printable

    print(printable(path.read_text(encoding="utf-8")))


def _print_findings(command: str, page: Path) -> None:
    _print_text(page.with_name("results.md"))
    print(f"{command}: {page}")


def _print_ranking(table: Path) -> None:
    _print_text(table)
    print(f"table:  {table}")
    print(f"report: {table.parent / 'report' / 'report.html'}")


class Command(NamedTuple):
    """One command.

    Args:
        summary: what it does, in a line.
        options: where the class of its options is.
        run: called with the options.
        example: one line of a shell.
    """

    summary: str
    options: str
    run: Callable[[Any], None]
    example: str


COMMANDS = {
    "simulate": Command(
        "make jets with Pythia 8 and FastJet",
        "jetgen.config.simulate:SimulateConfig",
        simulate,
        "jetgen simulate gluon --jets 1000 --seed 1 --output gluon.h5",
    ),
    "cluster": Command(
        "make di-jet events of published collisions with FastJet",
        "jetgen.config.cluster:ClusterConfig",
        cluster,
        "jetgen cluster events_anomalydetection.h5 --output dijets.h5",
    ),
    "fetch": Command(
        "download a public jet data set",
        "jetgen.config.fetch:FetchConfig",
        fetch,
        "jetgen fetch jetnet30-g",
    ),
    "inspect": Command(
        "say what a file holds, and what is odd about it",
        "jetgen.config.inspect:InspectConfig",
        inspect,
        "jetgen inspect gluon.h5",
    ),
    "train": Command(
        "train a generator on jets",
        "jetgen.config.train:TrainConfig",
        train,
        "jetgen train --data gluon.h5 --loss chamfer --prior flow --run runs/gluon",
    ),
    "presets": Command(
        "list the recipes for training that come with jetgen",
        "jetgen.config.presets:PresetsConfig",
        presets,
        "jetgen presets",
    ),
    "models": Command(
        "list the trained models that come with jetgen",
        "jetgen.config.models:ModelsConfig",
        models,
        "jetgen models",
    ),
    "generate": Command(
        "write jets from a trained generator to HDF5",
        "jetgen.config.generate:GenerateConfig",
        generate,
        "jetgen generate gluon30 --jets 1000 --output gluon.h5",
    ),
    "export": Command(
        "write a one-pass generator as one ONNX file",
        "jetgen.config.export:ExportConfig",
        export,
        "jetgen export runs/gluon model.onnx",
    ),
    "evaluate": Command(
        "measure how far generated jets are from real ones",
        "jetgen.config.evaluate:EvaluateConfig",
        evaluate,
        "jetgen evaluate runs/gluon/generated.h5 --real gluon.h5",
    ),
    "report": Command(
        "compare generated and real jets in one HTML page",
        "jetgen.config.report:ReportConfig",
        report,
        "jetgen report runs/gluon",
    ),
    "latent": Command(
        "measure what the codes of an autoencoder contain",
        "jetgen.config.latent:LatentConfig",
        latent,
        "jetgen latent runs/gluon",
    ),
    "compare": Command(
        "put trained runs into one table, on the same held-out jets",
        "jetgen.config.compare:CompareConfig",
        compare,
        "jetgen compare runs/gluon runs/other --output runs/table",
    ),
    "leaderboard": Command(
        "put every finished run below a folder into one table",
        "jetgen.config.leaderboard:LeaderboardConfig",
        leaderboard,
        "jetgen leaderboard runs",
    ),
    "distill": Command(
        "train a model of few steps to follow a flow-matching run of many",
        "jetgen.config.distill:DistillConfig",
        distill,
        "jetgen distill runs/flow --steps 1 --run runs/one-step",
    ),
    "compress": Command(
        "store jets as codes of a trained autoencoder",
        "jetgen.config.compress:CompressConfig",
        compress,
        "jetgen compress gluon.h5 gluon.jgz --run runs/gluon",
    ),
    "decompress": Command(
        "jets from such a file",
        "jetgen.config.decompress:DecompressConfig",
        decompress,
        "jetgen decompress gluon.jgz back.h5 --run runs/gluon",
    ),
    "peaks": Command(
        "shift and width of a mass peak from one file to another",
        "jetgen.config.peaks:PeaksConfig",
        peaks,
        "jetgen peaks before.h5 after.h5 --window 60:100",
    ),
    "sweep": Command(
        "search for good training options with Optuna",
        "jetgen.config.sweep:SweepConfig",
        sweep,
        "jetgen sweep vae --data gluon.h5 --trials 20",
    ),
    "study": Command(
        "repeat a study of the literature, from simulation to conclusion",
        "jetgen.config.study:StudyConfig",
        study,
        "jetgen study sparse-jets --quick",
    ),
    "cite": Command(
        "print what to cite for a run, as BibTeX",
        "jetgen.config.cite:CiteConfig",
        cite,
        "jetgen cite runs/gluon",
    ),
    "doctor": Command(
        "say what this machine offers, and which kernels run",
        "jetgen.config.doctor:DoctorConfig",
        doctor,
        "jetgen doctor",
    ),
}
"""Every command by its name."""
