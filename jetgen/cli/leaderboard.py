"""``jetgen leaderboard DIR``"""

from __future__ import annotations

from jetgen.config.leaderboard import LeaderboardConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from jetgen.ranking.commands import leaderboard

    table = leaderboard(config)
    print(table.read_text(encoding="utf-8"))
    print(f"table:  {table}")
    print(f"report: {table.parent / 'report' / 'report.html'}")
