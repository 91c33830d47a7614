"""``jetgen study``."""

from __future__ import annotations

from jetgen.config.study import StudyConfig as Config


def run(config: Config) -> None:
    from jetgen.studying import study

    page = study(config)
    print(page.with_name("results.md").read_text(encoding="utf-8"))
    print(f"study: {page}")


__all__ = ["Config", "run"]
