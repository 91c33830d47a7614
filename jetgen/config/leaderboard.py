"""Options of ``jetgen leaderboard``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.compare import By
from jetgen.config.option import option, require


@dataclass(frozen=True)
class LeaderboardConfig:
    """Below which folder to look for runs, and how to rank them."""

    folder: str = option(help="folder with runs at any depth", positional=True)
    output: str | None = option(
        None, help="folder for results.csv, results.md and the report (default: FOLDER/leaderboard)"
    )
    jets: int | None = option(
        None, help="so many held-out and generated jets (default: all held-out jets)"
    )
    seed: int = option(1, help="seed of the generated jets, the bootstrap, the floor, the trees")
    by: By = option("w1m", help="figure that sorts the table")
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to generate")

    def __post_init__(self) -> None:
        require(self.jets is None or self.jets >= 1, "jets", "at least 1", self.jets)
