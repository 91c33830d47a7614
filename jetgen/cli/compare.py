"""``jetgen compare RUN RUN ...``"""

from __future__ import annotations

from jetgen.config.compare import CompareConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from jetgen.ranking.commands import compare

    table = compare(config)
    print(table.read_text(encoding="utf-8"))
    print(f"table:  {table}")
    print(f"report: {table.parent / 'report' / 'report.html'}")
