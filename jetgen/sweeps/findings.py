"""The results of a sweep: the best trial, the importances of options, and the history."""

from __future__ import annotations

import warnings

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from jetgen.reports.figures.search import history, importances, parallel_coordinates
from jetgen.reports.findings import Conclusion, FindingFigure, Table
from jetgen.reports.style import figure_style

FEWEST_TRIALS = 4
"""Smallest number of finished trials for importances."""


def conclude(study: optuna.Study, metric: str) -> Conclusion:
    """The table of trials, best first, and the figures; importances with at least four trials."""
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
            f"the median, {failed} failed. There is one training per setting: differences as small "
            "as those between seeds are not significant."
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
                "The value of every finished trial against its number, and the smallest so far.",
                history([trial.number for trial in finished], values, metric),
            ),
            FindingFigure(
                "parallel_coordinates",
                "Parallel coordinates",
                "One line per finished trial through its options; darker lines are better trials.",
                parallel_coordinates([trial.params for trial in finished], names, values, metric),
            ),
        ]
        searched = [n for n in names if len({str(t.params.get(n)) for t in finished}) > 1]
        if len(finished) >= FEWEST_TRIALS and searched:
            shares = _importances(study, searched)
            drawings.append(
                FindingFigure(
                    "importances",
                    "Importances",
                    "Importance of each option for the difference between the best quarter of the "
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
