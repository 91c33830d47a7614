"""``jetgen compare`` and ``jetgen leaderboard``: find runs, measure them, write the table."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from jetgen.cloud import ParticleCloud
from jetgen.config.compare import CompareConfig
from jetgen.config.leaderboard import LeaderboardConfig
from jetgen.config.ranking import RankingConfig
from jetgen.files.terminal import Terminal
from jetgen.files.whole import write_text
from jetgen.ranking.runs import Models, finished_runs, named_runs, require_same_jets
from jetgen.ranking.samples import Sample, samples_of
from jetgen.ranking.scores import score
from jetgen.ranking.tables import FIGURES, csv_text, markdown, ordered
from jetgen.reports import write_report
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
    data = config.data if data is None else data
    device = choose_device(config.device)
    models = named_runs(config.runs, device, data, map=config.map, allow=config.allow)
    return _write(config, models, [], Path(config.output))


def leaderboard(config: LeaderboardConfig) -> Path:
    """Compare all finished runs below a folder in one table; return the path of ``results.md``.

    Raises:
        InputError: when there is no finished run.
    """
    folder = Path(config.folder)
    device = choose_device(config.device)
    models, others = finished_runs(folder, device, config.data, map=config.map, allow=config.allow)
    output = Path(config.output) if config.output else folder / "leaderboard"
    return _write(config, models, others, output)


def _write(
    config: RankingConfig,
    models: Models,
    others: Sequence[tuple[str, str]],
    output: Path,
) -> Path:
    require_same_jets(models)
    first = next(iter(models.values()))
    real, training = first.held_out(most=config.jets), first.training_sample()
    samples = samples_of(models, training, len(real), config.seed)
    with Terminal(stderr=True).status("measure") as status:
        scores, warnings = score(
            samples,
            real,
            training,
            folder=output / "scores",
            seed=config.seed,
            progress=status.update,
        )
        samples = ordered(samples, scores, config.by)
        _report(config, samples, real, training, output / "report", status.update)
    write_text(output / "results.csv", csv_text(samples, scores))
    head = _head(config, models, len(real))
    table = output / "results.md"
    tail = _warnings(warnings) + _runs(models, others)
    write_text(table, f"{head}\n{_READING}\n{markdown(samples, scores)}{tail}")
    return table


def _report(
    config: RankingConfig,
    samples: Sequence[Sample],
    real: ParticleCloud,
    training: ParticleCloud,
    folder: Path,
    progress: Callable[[str], None],
) -> None:
    generated = [sample for sample in samples if sample.kind == "generated"]
    trivial = [sample for sample in samples if sample.kind == "trivial"]
    best = generated[:DRAWN]
    progress("generate jets for the figures")
    write_report(
        folder,
        real=real,
        samples={sample.name: sample.make() for sample in [*best, *trivial]},
        training=training,
        title="Runs compared",
        description=(
            f"Shown: {len(best)} of {len(generated)} samples of trained models, the best by "
            f"{FIGURES[config.by].title}, and the trivial generators. results.md and results.csv "
            "in the folder above contain all samples. The simulated jets are the held-out test "
            "jets, which were not used in any training."
        ),
        provenance={"command": ["jetgen", *sys.argv[1:]]},
        seed=config.seed,
        progress=progress,
    )


def _head(config: RankingConfig, models: Models, jets: int) -> str:
    trained = next(iter(models.values())).environment
    versions = ", ".join(f"{name} {trained['libraries'][name]}" for name in ("jetgen", "torch"))
    files = ", ".join(f"{path} (SHA-256 {hash[:12]})" for path, hash in trained["data"].items())
    return (
        "# Runs compared\n\n"
        f"`{shlex.join(['jetgen', *sys.argv[1:]])}`\n\n"
        f"{jets} held-out jets of {files}, and {jets} jets per row; seed {config.seed}; sorted by "
        f"{FIGURES[config.by].title}. Each row is one training: ± is the error of the jets, "
        "without the spread between trainings with other seeds. "
        f"Trained with {versions}; jets generated on {choose_device(config.device)} with "
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
