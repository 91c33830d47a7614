"""``jetgen sweep``."""

from __future__ import annotations

from jetgen.config.sweep import SweepConfig as Config


def run(config: Config) -> None:
    from jetgen.sweeping import sweep

    page = sweep(config)
    print(page.with_name("results.md").read_text(encoding="utf-8"))
    print(f"sweep: {page}")


__all__ = ["Config", "run"]
