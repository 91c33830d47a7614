"""The table of distances, short enough for a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jetgen.reports.formatting import NOTHING, with_uncertainty

_COLOURS = {"indistinguishable": "green", "close": "yellow", "different": "red"}


def print_table(path: Path, console: Console | None = None) -> None:
    """Print a report's ``table.json`` to standard output, and its warnings."""
    content = json.loads(path.read_text(encoding="utf-8"))
    records = content["rows"]
    noun, jets = content["noun"], content["jets"]
    samples = list(dict.fromkeys(record["sample"] for record in records))
    table = Table(
        title=f"1-Wasserstein distance to real {noun} ({jets} against {jets})",
        caption="floor: real against real; in brackets: how many of its spreads above it",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("quantity", no_wrap=True)
    for name in ("floor", *samples):
        table.add_column(escape(name), justify="right", overflow="fold")
    by_quantity: dict[str, dict[str, dict[str, float]]] = {}
    for record in records:
        by_quantity.setdefault(record["quantity"], {})[record["sample"]] = record
    for name, found in by_quantity.items():
        first = next(iter(found.values()))
        unit = f" [{first['printed_unit']}]" if first["printed_unit"] else ""
        cells = [_cell(found[sample]) if sample in found else "–" for sample in samples]
        table.add_row(escape(name + unit), _short(first["floor"] / first["scale"]), *cells)
    console = console or Console()
    console.print(table)
    for sample, merit in content["trees"].items():
        auc = with_uncertainty(merit["auc"], merit["auc_error"])
        console.print(f"boosted trees tell {escape(sample)} from real {noun} with an AUC of {auc}")
    for warning in content["warnings"]:
        console.print(f"[yellow]warning:[/] {escape(warning)}")


def _cell(record: Mapping[str, Any]) -> str:
    colour = _COLOURS[str(record["verdict"])]
    above = record["spreads_above_floor"]
    spreads = "∞" if above is None else f"{above:+.0f}" if abs(above) >= 10 else f"{above:+.1f}"
    nothing = record["w1"] < NOTHING * record["floor"]
    number = "≈ 0" if nothing else _short(record["w1"] / record["scale"])
    return f"{number} [{colour}]({spreads})[/]"


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.2g}"
