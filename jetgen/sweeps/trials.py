"""The trials of a sweep that several processes share, and of which some may have died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import optuna
from optuna.samplers import GridSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from jetgen.errors import InputError
from jetgen.files.lock import HAS_LOCKS, locked


class Grid(GridSampler):
    """Optuna's grid, which leaves it to the caller to end when it is exhausted."""

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: object
    ) -> None:
        pass


@contextmanager
def next_trial(study: optuna.Study, folder: Path) -> Iterator[Trial]:
    """Yield a trial that no other process works on: one that was interrupted, or else a new one.

    A process holds the lock of its trial, and a dead process holds none. So a trial that is stored
    as running and is not locked was interrupted; it keeps its number and its settings.

    Args:
        study: the stored trials.
        folder: the folder of their runs, where the locks are.
    """
    with ExitStack() as held:
        with locked(folder, wait=True):  # one process at a time looks for a trial
            trial = _interrupted(study, folder, held)
            if trial is None:
                trial = study.ask()
                held.enter_context(locked(_lock(folder, trial.number)))
        yield trial


def _interrupted(study: optuna.Study, folder: Path, held: ExitStack) -> Trial | None:
    """An interrupted trial, if there is one, whose lock ``held`` then holds."""
    for stored in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        with ExitStack() as own:
            try:
                own.enter_context(locked(_lock(folder, stored.number)))
            except InputError:
                continue  # another process trains it
            running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            if HAS_LOCKS and any(trial.number == stored.number for trial in running):
                held.push(own.pop_all())
                return Trial(study, stored._trial_id)
    return None


def _lock(folder: Path, number: int) -> Path:
    return folder / f"trial-{number:04}"
