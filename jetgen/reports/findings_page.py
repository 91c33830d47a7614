"""Write results as a page, a Markdown file, CSV tables and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from jetgen import __version__
from jetgen.files.own import require_own
from jetgen.files.whole import whole_set, write_text
from jetgen.reports.findings import Claim, Conclusion, Table
from jetgen.reports.page import Picture, environment
from jetgen.reports.report import save_figure


def write_findings(
    folder: Path,
    conclusion: Conclusion,
    *,
    title: str,
    question: str,
    facts: Mapping[str, Sequence[str]],
    source: str = "",
) -> Path:
    """Write ``report.html``, ``results.md``, ``TABLE.csv`` and ``figures/*`` to ``folder``.

    Args:
        folder: the folder to write to; files of an earlier page are replaced when all new ones
            are there.
        conclusion: the answer, claims, tables and figures.
        title, question: the heading, and the question of the study.
        facts: how to reproduce the results: lines of code or numbers, by name.
        source: the published work that the study follows.

    Returns:
        The path of the page.

    Raises:
        InputError: when ``folder`` has files of these names that jetgen did not write.
    """
    tables = {f"{table.name}.csv": table for table in conclusion.tables}
    figures = [f"figures/{drawing.name}.png" for drawing in conclusion.drawings]
    require_own(folder, ["report.html", "results.md", *tables, *figures])
    with whole_set(folder, "report") as new:
        pictures = [
            Picture(d.name, d.title, d.caption, save_figure(d.figure, new / "figures" / d.name))
            for d in conclusion.drawings
        ]
        for name, table in tables.items():
            write_text(new / name, _csv(table))
        write_text(new / "results.md", _markdown(conclusion, title, question, facts))
        write_text(
            new / "report.html",
            environment()
            .get_template("findings.html.j2")
            .render(
                title=title,
                question=question,
                source=source,
                conclusion=conclusion,
                pictures=pictures,
                facts=facts,
                version=__version__,
            ),
        )
    return folder / "report.html"


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue()


def _markdown(
    conclusion: Conclusion, title: str, question: str, facts: Mapping[str, Sequence[str]]
) -> str:
    parts = [f"# {title}", question, conclusion.answer]
    if conclusion.claims:
        parts.append(
            _grid(("claim", "here", "rests on", "evidence"), [_row(c) for c in conclusion.claims])
        )
    for table in conclusion.tables:
        parts += [f"## {table.title}", _grid(table.columns, table.rows)]
        parts += [table.caption] if table.caption else []
    parts.append("## How to reproduce")
    parts += [f"{name}:\n\n```\n" + "\n".join(lines) + "\n```" for name, lines in facts.items()]
    return "\n\n".join(parts) + "\n"


def _row(claim: Claim) -> tuple[str, str, str, str]:
    return claim.statement, claim.verdict, claim.basis, claim.evidence


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
