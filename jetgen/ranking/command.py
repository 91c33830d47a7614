"""``jetgen compare`` and ``jetgen leaderboard``: find runs, measure them, write the table."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from jetgen.cloud import ParticleCloud
from jetgen.config.compare import CompareConfig
from jetgen.config.leaderboard import LeaderboardConfig
from jetgen.config.option import require
from jetgen.config.ranking import RankingConfig
from jetgen.datasets.dask_cluster import by_dask
from jetgen.files.own import require_own
from jetgen.files.progress import named_steps
from jetgen.files.whole import write_text
from jetgen.kinds import Kind
from jetgen.ranking.runs import Models, finished_runs, named_runs, require_same_jets
from jetgen.ranking.samples import Sample, samples_of
from jetgen.ranking.scores import score, score_file
from jetgen.ranking.tables import Figure, csv_text, markdown, ordered
from jetgen.reports import About, Shown, write_report
from jetgen.runs.data import Data
from jetgen.runs.device import choose_device

DRAWN = 6
"""Largest number of generated samples in the figures of the report."""

_READING = """\
Smaller is better. Each value has its uncertainty and, in brackets, its excess over the floor in σ
of the floor. The floor is the same distance between equal numbers of simulated jets. **At most 3 σ,
indistinguishable**; *at most 10 σ or twice the floor, close*; otherwise different.
"""


def compare(config: CompareConfig, data: Data | None = None) -> Path:
    """Compare runs in one table; return the path of ``results.md``.

    Args:
        config: the options.
        data: what the runs were trained on, in place of the files that ``config.data`` names.

    Raises:
        InputError: when a run is not finished, or its held-out jets differ from the first run's.
    """
    find = partial(_named, config, config.data if data is None else data)
    return _write(config, find, Path(config.output))


def leaderboard(config: LeaderboardConfig) -> Path:
    """Compare all finished runs below a folder in one table; return the path of ``results.md``.

    Raises:
        InputError: when there is no finished run.
    """
    output = Path(config.output) if config.output else Path(config.folder) / "leaderboard"
    return _write(config, partial(_finished, config), output)


Omitted = list[tuple[str, str]]
"""Runs that are left out, and why."""

Find = Callable[[], tuple[Models, Omitted]]
"""Finds the runs, here or in the worker of a cluster."""


def _named(config: CompareConfig, data: Data) -> tuple[Models, Omitted]:
    device = choose_device(config.device)
    return named_runs(config.runs, device, data, map=config.map, allow=config.allow), []


def _finished(config: LeaderboardConfig) -> tuple[Models, Omitted]:
    device, folder = choose_device(config.device), Path(config.folder)
    return finished_runs(folder, device, config.data, map=config.map, allow=config.allow)


class _Jets(NamedTuple):
    """What rows are measured with: test and training jets, and the rows."""

    real: ParticleCloud
    training: ParticleCloud
    samples: list[Sample]


def _jets(config: RankingConfig, models: Models) -> _Jets:
    first = next(iter(models.values()))
    real, training = first.held_out(most=config.jets), first.training_sample()
    return _Jets(real, training, samples_of(models, training, len(real), config.seed))


def _measured_there(config: RankingConfig, find: Find, folder: Path, here: Path, row: str) -> None:
    """Measure and store one row, in a worker of a cluster."""
    with chdir(here):
        models, _ = find()
        jets = _jets(config, models)
        chosen = [sample for sample in jets.samples if sample.name == row]
        kind = next(iter(models.values())).config.kind
        score(chosen, jets.real, jets.training, folder=folder, seed=config.seed, kind=kind)


def _write(config: RankingConfig, find: Find, output: Path) -> Path:
    require_own(output, ["results.csv", "results.md"], own=(output / "scores").is_dir())
    models, others = find()
    require_same_jets(models)
    kind = next(iter(models.values())).config.kind
    figures: dict[str, Figure] = kind.ranked_by()
    by = next(iter(figures)) if config.by is None else config.by
    require(by in figures, "by", f"one of {', '.join(figures)} with these runs", by)
    jets = _jets(config, models)
    folder = output / "scores"
    with named_steps("measure") as step:
        if config.dask is not None:
            measure = partial(_measured_there, config, find, folder, Path.cwd())
            rows = [
                sample.name for sample in jets.samples if not score_file(folder, sample).exists()
            ]
            for number, _ in enumerate(by_dask(measure, rows, config.dask), 1):
                step(f"measure, {number} of {len(rows)} rows")
        scores, warnings = score(
            jets.samples,
            jets.real,
            jets.training,
            folder=folder,
            seed=config.seed,
            progress=step,
            kind=kind,
        )
        samples = ordered(jets.samples, scores, figures[by].metric)
        ranked = jets._replace(samples=samples)
        _report(config, ranked, output / "report", step, kind, figures[by].title)
    write_text(output / "results.csv", csv_text(samples, scores))
    head = _head(config, models, len(jets.real), figures[by].title)
    table = output / "results.md"
    tail = _warnings(warnings) + _runs(models, others)
    write_text(table, f"{head}\n{_READING}\n{markdown(samples, scores, kind)}{tail}")
    return table


def _report(
    config: RankingConfig,
    jets: _Jets,
    folder: Path,
    progress: Callable[[str], None],
    kind: Kind,
    by: str,
) -> None:
    generated = [sample for sample in jets.samples if sample.kind == "generated"]
    trivial = [sample for sample in jets.samples if sample.kind == "trivial"]
    best = generated[:DRAWN]
    many = kind.noun.many
    progress(f"generate {many} for the figures")
    shown = Shown(
        real=jets.real,
        samples={sample.name: sample.make() for sample in [*best, *trivial]},
        training=jets.training,
        kind=kind,
    )
    about = About(
        title="Runs compared",
        description=(
            f"Shown: {len(best)} of {len(generated)} samples of trained models, the best by "
            f"{by}, and the trivial generators. results.md and results.csv "
            f"in the folder above contain all samples. The simulated {many} are the held-out test "
            f"{many}, which were not used in any training."
        ),
        provenance={"command": ["jetgen", *sys.argv[1:]]},
    )
    write_report(folder, shown, about, seed=config.seed, progress=progress)


def _head(config: RankingConfig, models: Models, jets: int, sorted_by: str) -> str:
    many = next(iter(models.values())).config.kind.noun.many
    trained = next(iter(models.values())).environment
    versions = ", ".join(f"{name} {trained['libraries'][name]}" for name in ("jetgen", "torch"))
    files = ", ".join(f"{path} (SHA-256 {hash[:12]})" for path, hash in trained["data"].items())
    return (
        "# Runs compared\n\n"
        f"`{shlex.join(['jetgen', *sys.argv[1:]])}`\n\n"
        f"{jets} held-out {many} of {files}, and {jets} {many} per row; seed {config.seed}; sorted "
        f"by {sorted_by}. Each row is one training: ± is the error of the {many}, "
        "without the spread between trainings with other seeds. "
        f"Trained with {versions}; {many} generated on {choose_device(config.device)} with "
        f"{torch.get_num_threads()} threads, Python {platform.python_version()}, torch "
        f"{torch.__version__}.\n"
    )


def _warnings(warnings: Sequence[str]) -> str:
    return "\n## Warnings\n\n" + "".join(f"- {text}\n" for text in warnings) if warnings else ""


def _runs(models: Models, others: Sequence[tuple[str, str]]) -> str:
    lines = ["\n## Trainings\n"]
    for name, model in models.items():
        lines.append(f"- {name}: `{shlex.join(model.environment['command'])}`")
    if others:
        lines.append("\n## Not in the table\n")
        lines += [f"- {name}: {reason}" for name, reason in others]
    return "\n".join(lines) + "\n"
