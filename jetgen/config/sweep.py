"""Options of ``jetgen sweep``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, require, seed_option, validate


@dataclass(frozen=True)
class SweepConfig:
    """What to search through, how, and where the trials go."""

    sweep: str = option(
        help="name of a sweep that comes with jetgen, or a YAML file with `base` (options of "
        "jetgen train), `search` and `metric`",
        positional=True,
    )
    data: list[str] = option(
        [], help="file with jets, in place of those in the sweep; may be given several times"
    )
    trials: int = option(20, help="number of trials, over all processes that share the folder")
    sampler: Literal["tpe", "random", "grid"] = option(
        "tpe", help="how settings are chosen: tpe, random or grid"
    )
    pruning: bool = option(True, help="stop trials that are worse than the median of the others")
    output: str | None = option(
        None, help="folder of the sweep (default: runs/sweeps/NAME); an existing sweep is continued"
    )
    storage: str | None = option(
        None,
        help="where trials are stored: an SQL database of Optuna (postgresql://USER:PASSWORD@HOST/"
        "NAME) or a journal file (default: sweep.db in the folder)",
    )
    seed: int = seed_option(1, help="seed of the sampler")

    def __post_init__(self) -> None:
        validate(self)
        require(self.trials >= 1, "trials", "at least 1", self.trials)
