"""Options of ``jetgen leaderboard``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option
from jetgen.config.ranking import RankingConfig


@dataclass(frozen=True, kw_only=True)
class LeaderboardConfig(RankingConfig):
    """Below which folder to look for runs, and how to rank them."""

    folder: str = option(help="folder with runs at any depth", positional=True)
    output: str | None = option(
        None, help="folder for results.csv, results.md and the report (default: FOLDER/leaderboard)"
    )
