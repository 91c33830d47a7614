"""Write a report of clouds: a folder with the page, the figures and the table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text
from torch import Tensor

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import ComparisonInput, Sample, check
from jetgen.evaluation.comparison import Comparison
from jetgen.evaluation.memorised import in_words, memorisation_records
from jetgen.evaluation.verdict import Headline, counted, headlines
from jetgen.files.own import require_own
from jetgen.files.printable import printable
from jetgen.files.whole import whole_file, whole_set, write_json, write_text
from jetgen.kinds import JETS, Kind
from jetgen.memory import younger_objects
from jetgen.metrics.latent import LatentSpace
from jetgen.metrics.memorisation import Memorisation
from jetgen.physics.observables import Observable
from jetgen.reports.page import SIMULATE, About, Picture, Section, render
from jetgen.reports.sections import (
    PlannedSection,
    conditions_section,
    memorisation_section,
    speed_section,
)
from jetgen.reports.setting import setting_line
from jetgen.reports.style import figure_style, with_setting

Merits = Mapping[str, FigureOfMerit]
"""Figures of merit by the name of the classifier."""

DPI, _PANEL_DPI = 110, 160
"""Pixels per inch of the figures on the page, and of the files of single panels."""


@dataclass(frozen=True)
class Shown:
    """What a report compares and draws.

    Args:
        real: the real jets, or other sets, to compare to, in any representation, or measured.
        samples: jets by name, in the order of the page. ``reconstructed`` must correspond to
            ``real`` jet by jet; the one named like the baseline of the kind is the trivial
            generator.
        kind: jets or other sets.
        training: further real jets, for the real-versus-real floor.
        reference: the name of the real jets on the page.
        history: a run's ``metrics.csv``.
        latent: the codes of ``real``, jet by jet, and codes of the prior.
        requested: requested and obtained values of generated jets by condition.
    """

    real: Sample
    samples: Mapping[str, Sample]
    kind: Kind = JETS
    training: ParticleCloud | None = None
    reference: str = "simulated"
    history: Path | None = None
    latent: LatentSpace | None = None
    requested: Mapping[Observable, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def checked(self) -> ComparisonInput:
        """All sets, measured and without unusable ones."""
        sets = check(self.real, self.samples, self.training, self.kind, self.reference)
        return self.kind.complete(sets)


def write_report(
    folder: str | Path,
    shown: Shown,
    about: About | None = None,
    *,
    panels: bool = True,
    seed: int = 1,
    progress: Callable[[str], None] = lambda step: None,
) -> Path:
    """Compare samples of jets, or of other sets, with real ones; write one self-contained page.

    Args:
        folder: where ``report.html``, ``table.csv``, ``table.json`` and ``figures/*.png``
            are written; they replace those of an earlier report when all new ones are there.
        shown: the sets, and what is known of the model.
        about: the other texts of the page.
        panels: whether every figure is also written as PDF, and every panel to files of its own.
        seed: of the bootstrap, the splits and the choice of jets on display.
        progress: called with the name of each step before it starts.

    Returns:
        The path of the page.

    Raises:
        InputError: when the jets cannot be compared, or ``folder`` has files of a report that
            jetgen did not write.
    """
    kind, about = shown.kind, about or About()
    folder = Path(folder)
    require_own(folder, ["report.html", "table.json", "table.csv", "figures"])
    progress("measure")
    checked = shown.checked()
    progress("compare")
    assessed: tuple[Comparison, dict[str, Merits]] = kind.assess(
        checked, seed=seed, progress=progress
    )
    comparison, merits = assessed
    verdicts = headlines(comparison, merits)
    progress("nearest training jets")
    memorised: dict[str, Memorisation] = kind.memorised(checked, seed)
    progress("prepare figures")
    latent = None if shown.latent is None else shown.latent[checked.kept]
    planned = kind.report_sections(checked, latent, shown.history, seed, merits)
    if told := {name: found for name, found in memorised.items() if found.comparable}:
        planned.append(memorisation_section(told, list(checked.samples), kind.noun))
    if shown.requested:
        planned.append(conditions_section(shown.requested, kind.noun))
    if any(rate.step == SIMULATE for rate in about.rates):
        speeds = {rate.step: rate.jets_per_second for rate in about.rates}
        planned.append(speed_section(speeds, kind.noun))
    setting = setting_line(checked, about.attributes)
    with whole_set(folder, "report", partial(_figures, folder)) as new:
        with younger_objects():
            sections = list(_drawn(planned, new, setting, panels, progress))
        progress("write")
        _write_table(new, comparison, merits, verdicts, memorised)
        write_text(
            new / "report.html",
            render(
                replace(about, provenance={"report seed": seed, **about.provenance}),
                comparison=comparison,
                merits=merits,
                verdicts=verdicts,
                memorised=[
                    f"{name}: {in_words(found)}"
                    for name, found in memorised.items()
                    if found.copies or not found.comparable
                ],
                counts={
                    shown.reference: len(checked.real),
                    **{name: len(jets) for name, jets in checked.samples.items()},
                },
                sections=sections,
            ),
        )
    return folder / "report.html"


def _figures(folder: Path) -> list[str]:
    """The figures of the report in a folder, as it lists them."""
    try:
        names = json.loads((folder / "table.json").read_text(encoding="utf-8"))["files"]
        return [name for name in names if Path(name).parts[:1] == ("figures",)]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # none, of an earlier version, or damaged


def _drawn(
    planned: Sequence[PlannedSection],
    folder: Path,
    setting: str,
    panels: bool,
    progress: Callable[[str], None],
) -> Iterator[Section]:
    """Draw all figures and panels, write them as PDF and PNG, and return the sections with PNGs."""
    total = sum(len(section.drawings) for section in planned)
    done = 0
    for section in planned:
        pictures = []
        for drawing in section.drawings:
            done += 1
            progress(f"draw {section.title.lower()} (figure {done} of {total})")
            path = folder / "figures" / drawing.name
            with figure_style():
                png = save_figure(drawing.draw(), path, setting, pdf=panels)
                single = panels and len(drawing.panels) > 1
                for name, draw in drawing.panels.items() if single else ():
                    save_figure(draw(), path / file_name(name), setting, dpi=_PANEL_DPI)
            pictures.append(
                Picture(drawing.name, section.title, drawing.caption, png, panels, single)
            )
        yield Section(section.name, section.title, section.reading, tuple(pictures))


def file_name(name: str) -> str:
    """A name with characters that are unsuitable in file names replaced by underscores.

    >>> file_name("generated (Gaussian prior)")
    'generated_Gaussian_prior'
    """
    return re.sub(r"[^\w.+-]+", "_", name).strip("_")


def save_figure(
    figure: Figure, stem: Path, setting: str = "", *, dpi: int = DPI, pdf: bool = True
) -> bytes:
    """Write ``stem.png`` of a figure, and ``stem.pdf``; return the former's content.

    Args:
        figure: the figure.
        stem: the path without suffix.
        setting: a line above the figure that describes the sets.
        dpi: pixels per inch of the PNG.
        pdf: whether the PDF is wanted, which takes twice as long to write.
    """
    with figure_style():  # formulas get fonts here
        for text in figure.findobj(Text):
            text.set_text(printable(text.get_text()))  # names from files may hold anything
        area = with_setting(figure, setting)
        if pdf:
            with whole_file(stem.with_name(f"{stem.name}.pdf")) as path:
                dated = {"CreationDate": None}
                figure.savefig(path, format="pdf", bbox_inches=area, metadata=dated)
        with whole_file(stem.with_name(f"{stem.name}.png")) as path:
            figure.savefig(path, format="png", bbox_inches=area, dpi=dpi)
            return path.read_bytes()


def _write_table(
    folder: Path,
    comparison: Comparison,
    merits: Mapping[str, Merits],
    verdicts: Mapping[str, Headline],
    memorised: Mapping[str, Memorisation],
) -> None:
    records = comparison.records()
    write_json(
        folder / "table.json",
        {
            "noun": comparison.kind.noun.many,
            "jets": comparison.jets,
            "pool": comparison.pool,
            "replicas": comparison.replicas,
            "seed": comparison.seed,
            "warnings": comparison.warnings,
            "rows": records,
            "files": sorted(
                path.relative_to(folder).as_posix()
                for path in (folder / "figures").rglob("*")
                if path.is_file()
            ),
            "compared": comparison.compared,
            "reference_name": comparison.reference,
            "counted": [row.quantity.name for row in counted(comparison)],
            "merits": {
                sample: {name: merit._asdict() for name, merit in found.items()}
                for sample, found in merits.items()
            },
            "headlines": {sample: verdict._asdict() for sample, verdict in verdicts.items()},
            "memorisation": memorisation_records(memorised),
        },
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    write_text(folder / "table.csv", text.getvalue())
