"""``jetgen doctor``."""

from __future__ import annotations

from jetgen.config.doctor import DoctorConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from rich.console import Console

    from jetgen.doctor import examine, table

    Console().print(table(examine()))
