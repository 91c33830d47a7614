"""The HTML page: one file that needs only a browser."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from jetgen import __version__
from jetgen.citing.bibliography import Citation
from jetgen.classifiers.figure_of_merit import FEWEST_TESTED, FigureOfMerit
from jetgen.evaluation.comparison import Comparison
from jetgen.evaluation.verdict import CLASSIFIERS, Headline, auc_word, counted, metric_title
from jetgen.files.printable import printable
from jetgen.reports.formatting import cell, floor_cell, with_uncertainty


@dataclass(frozen=True)
class Picture:
    """A figure on the page: file name without suffix, title, caption, PNG, other files of it."""

    name: str
    title: str
    caption: str
    png: bytes
    pdf: bool = True
    panels: bool = False

    @property
    def source(self) -> str:
        """The picture as a data URL."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def pixels(self) -> int:
        """The width of the picture, from the header of its PNG."""
        return int.from_bytes(self.png[16:20], "big")


@dataclass(frozen=True)
class Section:
    """A part of the page: anchor, heading, how to read it, and its figures."""

    name: str
    title: str
    reading: str
    pictures: tuple[Picture, ...]


SIMULATE = "Simulate"
"""The step that other steps are compared with."""


class Rate(NamedTuple):
    """The speed of one step in jets per second, with a note on how it was measured."""

    step: str
    jets_per_second: float
    note: str


@dataclass(frozen=True)
class About:
    """What a page says besides the results of the comparison.

    Args:
        title, description: the heading and the line below it.
        attributes: attributes of the file of the real sets, for a line above every figure with
            process, energy, radius and so on.
        provenance: command, configuration, versions, hashes; nested mappings are shown nested.
        rates: speeds of the model.
        citations: the works on the model, the data and the metrics.
    """

    title: str = "Generated and simulated jets"
    description: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    rates: Sequence[Rate] = ()
    citations: Sequence[Citation] = ()


def environment() -> Environment:
    """The templates of every page."""
    return Environment(
        loader=PackageLoader("jetgen.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    about: About,
    *,
    comparison: Comparison,
    merits: Mapping[str, Mapping[str, FigureOfMerit]],
    verdicts: Mapping[str, Headline],
    memorised: Sequence[str],
    counts: Mapping[str, int],
    sections: Sequence[Section],
) -> str:
    """The page as text.

    Args:
        about: the texts that are no results.
        comparison: the rows of the table.
        merits: the classifiers' figures of merit by sample and name.
        verdicts: the verdict on each sample.
        memorised: warnings of samples that repeat training sets, or cannot be compared with them.
        counts: number of sets in the figures, by sample.
        sections: the figures.
    """
    kind = comparison.kind
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=about.title,
            description=about.description,
            comparison=comparison,
            verdicts=verdicts,
            warnings=[*comparison.warnings, *memorised],
            groups=_groups(comparison),
            reference=comparison.reference,
            fewest=FEWEST_TESTED,
            facts={
                f"{kind.noun.many} in the figures": ", ".join(
                    f"{count} {name}" for name, count in counts.items()
                ),
                "compared": comparison.compared,
            },
            sections=sections,
            rates=[(rate.step, f"{rate.jets_per_second:,.0f}", rate.note) for rate in about.rates],
            noun=kind.noun,
            merits=[
                _merit(sample, name, merit)
                for sample, found in merits.items()
                for name, merit in found.items()
            ],
            preface=kind.preface,
            definitions=[*(row.quantity for row in comparison.rows), *kind.further_quantities()],
            provenance=about.provenance,
            citations=about.citations,
            version=__version__,
        )
    )


_MOST_IMPORTANT = 4


def _merit(sample: str, name: str, merit: FigureOfMerit) -> tuple[str, ...]:
    """A row of the classifier's table."""
    leading = merit.importances[:_MOST_IMPORTANT]
    importances = ", ".join(f"{name} ({loss:.3f})" for name, loss in leading)
    auc = with_uncertainty(merit.auc, merit.auc_error)
    title = f"{sample}, {CLASSIFIERS[name]}"
    return title, auc, auc_word(merit), f"{merit.chi2:.2f}", f"{merit.overlap:.3f}", importances


def _groups(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    """The rows of the table by their role in the verdict."""
    known = counted(comparison)
    given = [row for row in comparison.rows if row.quantity.name in comparison.given]
    rows = {
        "Counted in the verdict": known,
        "Further quantities": [r for r in comparison.rows if r not in known and r not in given],
        "Often conditions of models, then right by construction; not counted": given,
    }
    return {
        heading: [
            {
                "title": metric_title(row.quantity.name, row.quantity.observable.title),
                "unit": row.quantity.unit,
                "floor": floor_cell(row),
                "cells": [cell(row, sample) for sample in comparison.samples],
            }
            for row in found
        ]
        for heading, found in rows.items()
        if found
    }
