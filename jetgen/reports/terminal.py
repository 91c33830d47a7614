"""The table of a report for the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from jetgen.evaluation.table import metrics_table
from jetgen.files.terminal import Terminal


def print_table(path: Path, console: Console | None = None) -> None:
    """Print a report's ``table.json`` to standard output as ``jetgen evaluate`` prints metrics."""
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = [{"metric": row["quantity"], "value": row["w1"], **row} for row in content["rows"]]
    printed = {**content, "mode": "disjoint", "rows": rows}
    (console or Terminal()).print(metrics_table(printed))
