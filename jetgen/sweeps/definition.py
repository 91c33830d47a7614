"""The definition of a sweep: ranges and choices of options of ``jetgen train``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetgen.config.received import received
from jetgen.config.train import TrainConfig
from jetgen.configs import names, shipped
from jetgen.errors import InputError, did_you_mean, some
from jetgen.files.option_files import read_yaml

if TYPE_CHECKING:
    from optuna import Trial

_KINDS = ({"choices"}, {"low", "high"}, {"low", "high", "log"})


@dataclass(frozen=True)
class Sweep:
    """A sweep as defined in a file.

    Attributes:
        base: the options that all trials share.
        search: for each searched option ``choices``, or ``low``, ``high`` and, for a logarithmic
            scale, ``log: true``; integers stay integers.
        metric: the column of ``metrics.csv`` to minimise. A trial counts with its smallest value
            in the last stage that has this column.
    """

    base: Mapping[str, Any]
    search: Mapping[str, Mapping[str, Any]]
    metric: str

    def config(self, values: Mapping[str, Any], run: str) -> TrainConfig:
        """The options of one trial."""
        return received(TrainConfig, {**self.base, **values, "run": run}, "the sweep")

    def draw(self, trial: Trial) -> dict[str, Any]:
        """A value for each searched option, from the sampler of ``trial``."""
        return {name: _drawn(trial, name, space) for name, space in self.search.items()}

    def grid(self) -> dict[str, list[Any]]:
        """All choices of each option, for a grid.

        Raises:
            InputError: when an option has a range instead of choices.
        """
        ranges = [name for name, space in self.search.items() if "choices" not in space]
        if ranges:
            raise InputError(
                f"sampler: expected choices for every option of a grid, received ranges for "
                f"{', '.join(ranges)}; use tpe or random"
            )
        return {name: list(space["choices"]) for name, space in self.search.items()}


def read_sweep(path: str | Path) -> Sweep:
    """Read a sweep from a YAML file, or the sweep of this name that comes with jetgen.

    Paths in the file are relative to the working directory.

    Raises:
        InputError: when the file has another form, or names options that do not exist.
    """
    path = shipped("sweeps", str(path)) if str(path) in names("sweeps") else Path(path)
    if not path.is_file():
        raise InputError(
            f"{path}: expected a YAML file that describes a sweep, or a sweep among "
            f"{', '.join(names('sweeps'))}; found none"
        )
    try:
        content = read_yaml(path)
        base, search = content["base"], content["search"]
        metric = content["metric"]
        if isinstance(base, str):
            base = read_yaml(path.parent / base)
        written = {
            **({} if isinstance(content["base"], str) else base),
            **content.get("options", {}),
        }
        base = {**base, **written}
        if not isinstance(metric, str):
            raise TypeError(f"metric is {metric!r}")
        wrong = [str(name) for name, space in search.items() if not _is_space(space)]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: expected the mappings base and search and the name metric; "
            f"{type(error).__name__}: {error}"
        ) from error
    if wrong or not search:
        raise InputError(
            f"{path}: expected `choices: [...]` or increasing numbers `low:, high:[, log: true]` "
            f"for each searched option, received otherwise for {', '.join(wrong) or 'none'}"
        )
    known = {field.name for field in dataclasses.fields(TrainConfig)}
    unknown = sorted(map(str, {*base, *search} - known))
    if unknown:
        raise InputError(
            f"{path}: expected names of training options, received {some(unknown)}"
            f"{did_you_mean(unknown[0], known)}; "
            "they are the fields of jetgen.TrainConfig"
        )
    twice = sorted({*written} & {*search} | {*written, *search} & {"run"})
    if twice:
        raise InputError(
            f"{path}: expected each option either in base or in search, and no run, which each "
            f"trial sets itself; received {', '.join(twice)}"
        )
    return Sweep(base, search, metric)


def _is_space(space: Any) -> bool:
    """Whether these are choices, or the ends of a range, above zero on a logarithmic scale."""
    if not isinstance(space, Mapping) or set(space) not in _KINDS:
        return False
    if "choices" in space:
        return isinstance(space["choices"], list) and bool(space["choices"])
    low, high, log = space["low"], space["high"], space.get("log", False)
    numbers = all(type(end) in (int, float) and abs(end) < math.inf for end in (low, high))
    return numbers and isinstance(log, bool) and low <= high and (low > 0 or not log)


def _drawn(trial: Trial, name: str, space: Mapping[str, Any]) -> Any:
    if "choices" in space:
        return trial.suggest_categorical(name, space["choices"])
    low, high, log = space["low"], space["high"], space.get("log", False)
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, low, high, log=log)
