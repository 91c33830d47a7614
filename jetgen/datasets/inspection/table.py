"""An inspection as tables for the terminal."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from jetgen.datasets.inspection.command import Inspection, Range


def table(found: Inspection) -> Group:
    """The findings about one file as a ``rich`` renderable; its doubts are warnings instead."""
    facts = Table(title=Text(str(found.path)), show_header=False, title_justify="left")
    facts.add_row("format", found.format)
    facts.add_row("jets", f"{found.jets:,}")
    facts.add_row("classes", ", ".join(f"{n:,} {name}" for name, n in found.classes.items()))
    facts.add_row("particle slots", str(found.slots))
    facts.add_section()
    for name, value in found.attributes.items():
        facts.add_row(Text(name), Text(_short(value)))

    weighted = (found.weights.low, found.weights.high) != (1, 1)
    ranges = Table()
    mean = "weighted mean" if weighted else "mean"
    for column in ("column", "unit", "minimum", mean, "maximum"):
        ranges.add_column(column, justify="left" if column in ("column", "unit") else "right")
    for name, extent in found.particles.items():
        ranges.add_row(f"particle {name}", *_cells(extent))
    ranges.add_section()
    for name, extent in found.conditions.items():
        ranges.add_row(f"jet {name}", *_cells(extent))
    if weighted:
        ranges.add_row("event weight", *_cells(found.weights))

    warnings = [
        Text(f"warning: {name} in {fault.jets:,} of the jets, first jet {fault.first}", "yellow")
        for name, fault in found.faults.items()
    ]
    unread = [
        Text(f"not read: {name}, {reason}", "yellow") for name, reason in found.unread.items()
    ]
    odd = warnings or [Text("nothing odd found", style="green")][: not found.doubts]
    return Group(facts, ranges, *unread, *odd)


def _cells(extent: Range) -> list[str]:
    if not extent.count:
        return [extent.unit, "-", "-", "-"]
    return [extent.unit, *(f"{value:.6g}" for value in (extent.low, extent.mean, extent.high))]


def _short(value: Any, width: int = 300) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= width else text[:width] + " ..."
