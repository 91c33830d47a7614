"""Writes the tables of pages from the results: ``python benchmarks/tables.py``.

In pages of ``docs`` a section between ``<!-- NAME -->`` and ``<!-- end -->`` becomes the
table of ``results/NAME.csv``; in ``docs/models.md`` the section ``models`` lists the shipped models
by their cards.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from measuring import RESULTS

from jetgen.pretrained import shipped_models
from jetgen.pretrained.command import COLUMNS, summary

DOCS = Path(__file__).parents[1] / "docs"
SECTION = re.compile(r"(<!-- ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(path: Path) -> str:
    """The rows of a CSV file in Markdown, without columns that are the same or empty in all."""
    if not path.exists():
        return "No results yet.\n"
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    columns = [list(column) for column in zip(*rows, strict=True)]
    varies = [len(rows) == 1 or len(set(column)) > 1 for column in columns]
    same = [f"{n} {c[0]}" for n, c, v in zip(names, columns, varies, strict=True) if not v and c[0]]
    lines = [[cell for cell, v in zip(row, varies, strict=True) if v] for row in (names, *rows)]
    return (f"In all rows: {', '.join(same)}.\n\n" if same else "") + markdown(lines)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a table; the first is its head."""
    head, *rows = lines
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))


def models() -> str:
    """The table of the models that come with jetgen."""
    known = shipped_models().values()
    if not known:
        return "No model comes with this version.\n"
    return markdown([COLUMNS, *map(summary, known)])


def main() -> None:
    for name in ("performance.md", "results.md", "models.md", "objectives.md"):
        text = (DOCS / name).read_text()
        new = SECTION.sub(lambda m: m[1] + section(m[2]) + m[3], text)
        (DOCS / name).write_text(new)
        print(f"{name}: {len(SECTION.findall(text))} tables", file=sys.stderr)


def section(name: str) -> str:
    """The content of a section."""
    return models() if name == "models" else table(RESULTS / f"{name}.csv")


if __name__ == "__main__":
    main()
