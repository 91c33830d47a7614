"""What the trials of a sweep say: the best, what mattered, and how it went."""

from __future__ import annotations

import warnings

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from jetgen.reports.figures.search import history, importances, parallel_coordinates
from jetgen.reports.findings import Conclusion, FindingFigure, Table
from jetgen.reports.style import figure_style

FEWEST = 4
"""Finished trials below which importances say nothing."""


def conclude(study: optuna.Study, metric: str) -> Conclusion:
    """The table of trials, best first, and the figures; importances from four trials on."""
    trials = study.get_trials(deepcopy=False)
    finished = sorted((trial for trial in trials if trial.state == TrialState.COMPLETE), key=_value)
    names = sorted({name for trial in trials for name in trial.params})
    best = finished[0]
    settings = ", ".join(f"{name} {_printed(value)}" for name, value in best.params.items())
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    failed = sum(trial.state == TrialState.FAIL for trial in trials)
    others = [trial for trial in trials if trial.state != TrialState.COMPLETE]
    return Conclusion(
        answer=(
            f"The smallest {metric} of {len(finished)} finished trials is {_value(best):.4g}, with "
            f"{settings} (trial {best.number}). {pruned} trials were stopped early as worse than "
            f"the median, {failed} failed. One training a setting: differences of the size of "
            "those between seeds mean nothing."
        ),
        tables=[
            Table(
                "trials",
                "Trials",
                ["trial", metric, *names, "state"],
                [_row(trial, names) for trial in (*finished, *others)],
            )
        ],
        drawings=_drawings(study, metric, finished, names),
    )


def _drawings(
    study: optuna.Study, metric: str, finished: list[FrozenTrial], names: list[str]
) -> list[FindingFigure]:
    values = [_value(trial) for trial in finished]
    with figure_style():
        drawings = [
            FindingFigure(
                "history",
                "History",
                "Every finished trial in the order of their numbers, and the best so far.",
                history([trial.number for trial in finished], values, metric),
            ),
            FindingFigure(
                "parallel_coordinates",
                "Parallel coordinates",
                "One line a finished trial through its options; dark lines are good ones.",
                parallel_coordinates([trial.params for trial in finished], names, values, metric),
            ),
        ]
        searched = [n for n in names if len({str(t.params.get(n)) for t in finished}) > 1]
        if len(finished) >= FEWEST and searched:
            shares = _importances(study, searched)
            drawings.append(
                FindingFigure(
                    "importances",
                    "What mattered",
                    "Share of each option in the difference between the best quarter of the "
                    "trials and all (PED-ANOVA, Watanabe et al. 2023, arXiv:2304.10255).",
                    importances(shares),
                )
            )
    return drawings


def _importances(study: optuna.Study, names: list[str]) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        evaluator = PedAnovaImportanceEvaluator(target_quantile=0.25)
        return get_param_importances(study, evaluator=evaluator, params=names)


def _row(trial: FrozenTrial, names: list[str]) -> list[str]:
    value = f"{_value(trial):.4g}" if trial.state == TrialState.COMPLETE else "–"
    settings = [_printed(trial.params.get(name, "–")) for name in names]
    return [str(trial.number), value, *settings, trial.state.name.lower()]


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None, "only of finished trials"
    return trial.value


def _printed(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
