"""``jetgen sweep``: trainings with options chosen by Optuna, and a page of the results."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from jetgen.config.sweep import SweepConfig
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError, InputWarning, TrainingError
from jetgen.files.folders import make_folder
from jetgen.reports.findings_page import write_findings
from jetgen.runs.folder import RunFolder
from jetgen.sweeps.definition import Sweep, read_sweep
from jetgen.sweeps.findings import conclude
from jetgen.sweeps.trials import Grid, next_trial
from jetgen.training.command import train

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_DEFINITION = "jetgen sweep"

_JOURNAL = b'{"op_code"'
"""The first bytes of a journal file."""


def sweep(config: SweepConfig) -> Path:
    """Run trials until the folder has ``trials`` of them; return the path of the page.

    The trials are stored in ``sweep.db`` (SQLite) or ``storage``, which several processes share:
    each continues until all processes together have made ``trials``. Every trial is a run in
    ``trials/``. A training that diverges is a failed trial; invalid options end the sweep.

    Raises:
        InputError: when the file does not define a sweep, the folder holds another sweep, or no
            trial was finished.
    """
    plan = read_sweep(config.sweep)
    if config.data:
        plan = replace(plan, base={**plan.base, "data": config.data})
    folder = Path(config.output or f"runs/sweeps/{Path(config.sweep).stem}")
    study = _study(plan, config, folder)

    while len(study.get_trials(deepcopy=False, states=_ENDED)) < config.trials:
        if isinstance(study.sampler, Grid) and study.sampler.is_exhausted(study):
            break
        with next_trial(study, folder / "trials") as trial:
            study.sampler = _sampler(plan, config, trial.number)
            _run(study, trial, plan, folder / "trials" / f"{trial.number:04}")
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not finished:
        raise InputError(
            f"{folder}: expected at least one finished trial, found {len(study.trials)} unfinished "
            f"ones; see {folder / 'trials'}"
        )
    return write_findings(
        folder,
        conclude(study, plan.metric),
        title=f"Search: {Path(config.sweep).stem}",
        question=f"Which settings make {plan.metric} smallest?",
        facts={
            "Command": [" ".join(["jetgen", *sys.argv[1:]])],
            "Best options": [f"{name}: {value}" for name, value in study.best_params.items()],
            "Searched": [f"{name}: {dict(space)}" for name, space in plan.search.items()],
        },
    )


def _database(path: Path) -> str:
    """The address of an SQLite file whose name may contain any character."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _storage(config: SweepConfig, folder: Path) -> tuple[BaseStorage, str]:
    """Where the trials are, and the name of the study there.

    Raises:
        InputError: when the database cannot be used.
    """
    if config.storage is None:
        return RDBStorage(_database(folder / "sweep.db")), _DEFINITION
    name = f"{_DEFINITION} {folder.resolve().name}"
    if "://" not in config.storage:
        _require_journal(Path(config.storage))
        make_folder(Path(config.storage).parent)
        return JournalStorage(JournalFileBackend(config.storage)), name
    try:
        return RDBStorage(config.storage), name
    except (ImportError, SQLAlchemyError) as error:
        place = config.storage.partition("://")[0] + "://..."  # without a password
        raise InputError(
            f"storage: expected an SQL database that can be reached, with its driver installed, or "
            f"a journal file, received {place!r} ({type(error).__name__})"
        ) from error


def _require_journal(path: Path) -> None:
    """Refuse a file that is no journal of trials, to which none shall be appended."""
    if not path.exists() and path.name:
        return
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(len(_JOURNAL))
        if start in (b"", _JOURNAL):
            return
    raise InputError(
        "storage: expected the address of an SQL database, or a journal file of trials or a new "
        f"one, received {str(path)!r}"
    )


def _study(plan: Sweep, config: SweepConfig, folder: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # no tracebacks of failed trials
    make_folder(folder)
    definition = json.dumps([plan.base, plan.search, plan.metric], sort_keys=True)
    storage, name = _storage(config, folder)
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        sampler=_sampler(plan, config, 0),
        pruner=MedianPruner(n_warmup_steps=1) if config.pruning else NopPruner(),
        load_if_exists=True,
    )
    stored = study.user_attrs.get("definition")
    if stored is None:
        study.set_user_attr("definition", definition)
    elif stored != definition:
        raise InputError(
            f"{folder}: expected the trials of {config.sweep}, found those of another sweep or of "
            "another version of it; choose another `output`"
        )
    return study


def _sampler(plan: Sweep, config: SweepConfig, trial: int) -> BaseSampler:
    """The sampler of one trial, with random numbers that differ in all trials and processes."""
    if config.sampler == "grid":
        return Grid(plan.grid(), seed=config.seed)  # reads the finished trials itself
    seed = (1_000_003 * config.seed + trial) % 2**32
    if config.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed)


def _run(study: optuna.Study, trial: optuna.Trial, plan: Sweep, run: Path) -> None:
    """Train one trial and store how it ended; what interrupts it leaves it to be continued."""
    try:
        value = _trained(plan, trial, run)
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except TrainingError as error:
        study.tell(trial, state=TrialState.FAIL)
        warnings.warn(f"trial {trial.number}: {error}", InputWarning, stacklevel=1)
    except Exception:
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        study.tell(trial, value)


def _trained(plan: Sweep, trial: optuna.Trial, run: Path) -> float:
    """Train one trial; the smallest value of the metric in the last stage that has it.

    A training that was interrupted is resumed, one that was finished is not repeated.
    """
    folder = RunFolder(run)

    def observe(row: Mapping[str, Any]) -> None:
        if row.get(plan.metric) is None:
            return
        rows = _rows(folder, plan.metric)
        trial.report(_smallest(rows, plan.metric), len(rows) - 1)
        if trial.should_prune():
            raise optuna.TrialPruned

    config = plan.config(plan.draw(trial), str(run))
    if not folder.is_finished():
        resumed = TrainConfig(run=str(run), resume=True)
        train(resumed if folder.last.exists() else config, observe=observe)
    rows = _rows(folder, plan.metric)
    if not rows:
        raise InputError(
            f"metric: expected a column of {folder.metrics_file}, received {plan.metric!r}"
        )
    return _smallest(rows, plan.metric)


def _rows(folder: RunFolder, metric: str) -> list[dict[str, str]]:
    """The epochs of a run that have the metric."""
    return [row for row in folder.read_metrics() if metric in row]


def _smallest(rows: Sequence[Mapping[str, str]], metric: str) -> float:
    """The smallest value of the metric in the last stage of these epochs."""
    return min(float(row[metric]) for row in rows if row["stage"] == rows[-1]["stage"])
