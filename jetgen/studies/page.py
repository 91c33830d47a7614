"""A study's conclusion as a page, a Markdown file, CSV tables and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from jetgen import __version__
from jetgen.files import write_text
from jetgen.reports.page import Picture, environment
from jetgen.reports.report import save_figure
from jetgen.studies.conclusion import Claim, Conclusion, Table
from jetgen.studies.definition import Study


def write_study(
    study: Study, conclusion: Conclusion, *, command: Sequence[str], minutes: float
) -> Path:
    """Write ``report.html``, ``results.md``, ``TABLE.csv`` and ``figures/*`` to the study's folder.

    Args:
        study: the question, settings and steps.
        conclusion: the answer, claims, tables and figures.
        command: the command that repeats it.
        minutes: how long it took.

    Returns:
        The path of the page.
    """
    folder = study.folder
    pictures = [
        Picture(d.name, d.title, d.caption, save_figure(d.figure, folder / "figures" / d.name))
        for d in conclusion.drawings
    ]
    for table in conclusion.tables:
        write_text(folder / f"{table.name}.csv", _csv(table))
    write_text(folder / "results.md", _markdown(study, conclusion, command))
    page = folder / "report.html"
    write_text(
        page,
        environment()
        .get_template("study.html.j2")
        .render(
            study=study,
            conclusion=conclusion,
            pictures=pictures,
            command=command,
            minutes=minutes,
            version=__version__,
        ),
    )
    return page


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue()


def _markdown(study: Study, conclusion: Conclusion, command: Sequence[str]) -> str:
    parts = [f"# {study.title}", study.question, f"`{' '.join(command)}`", conclusion.answer]
    if conclusion.claims:
        parts.append(_grid(("claim", "here", "evidence"), [_row(c) for c in conclusion.claims]))
    for table in conclusion.tables:
        parts += [f"## {table.title}", _grid(table.columns, table.rows)]
        parts += [table.caption] if table.caption else []
    return "\n\n".join(parts) + "\n"


def _row(claim: Claim) -> tuple[str, str, str]:
    return claim.statement, claim.verdict, claim.evidence


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
