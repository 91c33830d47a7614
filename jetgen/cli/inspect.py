"""``jetgen inspect FILE...``"""

from __future__ import annotations

from jetgen.config.inspect import InspectConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from rich.console import Console

    from jetgen.datasets.detection import find_files
    from jetgen.datasets.inspection import inspect
    from jetgen.datasets.inspection_table import table

    console = Console()
    for path in find_files(config.files):
        console.print(table(inspect(path)))
