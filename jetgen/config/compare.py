"""Options of ``jetgen compare``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option
from jetgen.config.ranking import RankingConfig


@dataclass(frozen=True, kw_only=True)
class CompareConfig(RankingConfig):
    """Which runs to put into one table, and how."""

    runs: list[str] = option(help="folders of finished runs", positional=True)
    output: str = option(help="folder for results.csv, results.md and the report")
