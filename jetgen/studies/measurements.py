"""The results of a user's own study: what was measured, without claims.

Every run that the steps train is compared with its held-out sets. Runs whose names differ only in
``-SEED`` at the end, the seed of the run, are trainings of one model: the tables have the mean over
them and its error.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.errors import InputError
from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput, check
from jetgen.evaluation.comparison import Comparison, Row
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.findings import Conclusion, FindingFigure, Table
from jetgen.reports.style import figure_style, lines
from jetgen.runs.trained_model import TrainedModel, load
from jetgen.studies.definition import Study
from jetgen.studies.distance_table import floor_cells, mean_cell, mean_distance

GENERATED = "generated"


class Training(NamedTuple):
    """One run, its samples, and their distances from the held-out sets."""

    minutes: float
    epochs: int
    checked: ComparisonInput
    comparison: Comparison
    merits: Mapping[str, Mapping[str, FigureOfMerit]]


Models = Mapping[str, Sequence[Training]]
"""The trainings of each model, by seed."""


def conclude(study: Study) -> Conclusion:
    """Measure every run of a study.

    Raises:
        InputError: when no step trains a model.
    """
    paths = [step.makes for step in study.steps if step.words[0] == "train"]
    if not paths:
        raise InputError(
            f"{study.definition}: expected a step that trains a model, found none; the outputs of "
            f"its steps are in {study.folder}"
        )
    groups: dict[tuple[str, ...], dict[str, list[Training]]] = {}
    for path in paths:
        run = load(path)
        models = groups.setdefault(tuple(run.config.data), {})
        models.setdefault(_model(path, run), []).append(_measured(run))
    every = {name: trainings for models in groups.values() for name, trainings in models.items()}
    tables, drawings = [_trainings(every)], []
    for number, models in enumerate(groups.values(), 1):
        label = f"_{number}" if len(groups) > 1 else ""
        for sample in (GENERATED, RECONSTRUCTED):
            shown = {
                name: trainings
                for name, trainings in models.items()
                if sample in trainings[0].checked.samples
            }
            if shown:
                tables.append(_distances(f"{sample}{label}", sample, shown))
                drawings.append(_distributions(f"{sample}{label}", sample, shown))
    number = sum(map(len, every.values()))
    answer = (
        f"{len(every)} models were trained {number} times. The tables have their distances from "
        "held-out sets; a study of one's own has no claims to judge."
    )
    return Conclusion(answer, tables=tables, drawings=drawings)


def _model(path: Path, run: TrainedModel) -> str:
    """The name of the run without its seed."""
    return path.name.removesuffix(f"-{run.config.seed}")


def _measured(run: TrainedModel) -> Training:
    real = run.held_out()
    samples = {GENERATED: run.generate(len(real))}
    if run.reconstructs:
        samples[RECONSTRUCTED] = run.reconstruct(real)
    checked = check(real, samples, run.training_jets())
    comparison, merits = checked.real.kind.assess(checked, seed=1)
    rows = run.folder.read_metrics()
    first = [row for row in rows if row["stage"] == rows[0]["stage"]]
    return Training(float(rows[-1]["seconds"]) / 60, len(first), checked, comparison, merits)


def _trainings(models: Models) -> Table:
    def row(name: str, trainings: Sequence[Training]) -> list[str]:
        minutes = statistics.fmean(each.minutes for each in trainings)
        epochs = sorted({str(each.epochs) for each in trainings}, key=int)
        return [name, str(len(trainings)), ", ".join(epochs), f"{minutes:.1f}"]

    return Table(
        "trainings",
        "Trainings",
        ["model", "trainings", "epochs of the first stage", "minutes, mean"],
        [row(*entry) for entry in models.items()],
    )


def _distances(name: str, sample: str, models: Models) -> Table:
    first = next(iter(models.values()))[0].comparison
    shown = [row for row in first.rows if sample in row.distances]
    rows = [[*floor_cells(row), *(_cell(t, row, sample) for t in models.values())] for row in shown]
    classifiers = list(next(iter(models.values()))[0].merits.get(sample, {}))
    rows += [
        [f"AUC, {classifier}", "0.5", *(_area(t, classifier, sample) for t in models.values())]
        for classifier in classifiers
    ]
    return Table(
        name,
        f"Distances from held-out sets: {sample}",
        ["quantity", "real against real", *models],
        rows,
        "1-Wasserstein distances, standard metrics and the AUC of boosted trees; ± is the error "
        "of the mean over trainings with other seeds, or of one training that of its jets.",
    )


def _cell(trainings: Sequence[Training], row: Row, sample: str) -> str:
    found = [t.comparison.row(row.quantity.name).distances[sample] for t in trainings]
    return mean_distance(found, row.quantity.scale)


def _area(trainings: Sequence[Training], classifier: str, sample: str) -> str:
    found = [t.merits[sample][classifier] for t in trainings]
    return mean_cell([merit.auc for merit in found], found[0].auc_error)


def _distributions(name: str, sample: str, models: Models) -> FindingFigure:
    first: dict[str, Any] = {model: trainings[0] for model, trainings in models.items()}
    training = next(iter(first.values()))
    with figure_style():
        return FindingFigure(
            name,
            f"Simulated and {sample}",
            "The first training of each model; below each distribution the ratio to the simulated "
            "sets.",
            distributions(
                training.checked.real,
                {model: each.checked.samples[sample] for model, each in first.items()},
                [row.quantity for row in training.comparison.rows],
                lines(list(first)),
            ),
        )
