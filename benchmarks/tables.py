"""Writes the tables of ``docs/performance.md`` from the results: ``python benchmarks/tables.py``.

A section between ``<!-- NAME -->`` and ``<!-- end -->`` becomes the table of ``results/NAME.csv``.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from measuring import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
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
    lines = [[n for n, v in zip(names, varies, strict=True) if v]]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell for cell, v in zip(row, varies, strict=True) if v] for row in rows]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (f"In all rows: {', '.join(same)}.\n\n" if same else "") + text + "\n"


def main() -> None:
    page = PAGE.read_text()
    new = SECTION.sub(lambda m: m[1] + table(RESULTS / f"{m[2]}.csv") + m[3], page)
    PAGE.write_text(new)
    print(f"{PAGE.name}: {len(SECTION.findall(page))} tables", file=sys.stderr)


if __name__ == "__main__":
    main()
