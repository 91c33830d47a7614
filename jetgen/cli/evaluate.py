"""``jetgen evaluate GENERATED --real REAL``"""

from __future__ import annotations

from jetgen.config.evaluate import EvaluateConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from rich.console import Console

    from jetgen.evaluation.evaluate import evaluate_files
    from jetgen.evaluation.evaluation_table import table

    content, path = evaluate_files(config)
    console = Console()
    console.print(table(content))
    for warning in content["warnings"]:
        console.print(f"warning: {warning}", style="yellow", markup=False)
    print(f"metrics: {path}")
