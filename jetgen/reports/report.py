"""From clouds to a folder with the page, the figures and the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from jetgen import __version__
from jetgen.citing.bibliography import Citation
from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import check
from jetgen.evaluation.comparison import Comparison
from jetgen.files.whole import whole_file, write_json, write_text
from jetgen.kinds import JETS, Kind
from jetgen.metrics.latent import LatentSpace
from jetgen.reports.page import Picture, Rate, Section, render
from jetgen.reports.sections import PlannedSection
from jetgen.reports.style import figure_style

_DPI = 110


def write_report(
    folder: str | Path,
    *,
    real: ParticleCloud,
    samples: Mapping[str, ParticleCloud],
    kind: Kind = JETS,
    training: ParticleCloud | None = None,
    title: str = "Generated jets beside real ones",
    description: str = "",
    provenance: Mapping[str, Any] | None = None,
    history: Path | None = None,
    latent: LatentSpace | None = None,
    rates: Sequence[Rate] = (),
    citations: Sequence[Citation] = (),
    seed: int = 1,
    progress: Callable[[str], None] = lambda step: None,
) -> Path:
    """Compare samples of jets, or of other sets, with real ones; write one self-contained page.

    Args:
        folder: gets ``report.html``, ``table.csv``, ``table.json`` and ``figures/*.pdf, *.png``;
            files of these names are replaced.
        real: the real jets to compare to, in any representation.
        samples: jets by name, in the order of the page. ``reconstructed`` must correspond to
            ``real`` jet by jet; the one with the name of the kind's baseline is taken for the
            trivial generator.
        kind: jets or other sets.
        training: further real jets, for the real-versus-real floor.
        title, description: the heading and the line below it.
        provenance: command, configuration, versions, hashes; nested mappings are shown nested.
        history: a run's ``metrics.csv``.
        latent: the codes of ``real``, jet by jet, beside codes of the prior.
        rates: how fast the model works.
        citations: the papers that the model, the data and the numbers rest on.
        seed: of the bootstrap, the splits and the choice of jets on display.
        progress: called with the name of each step before it starts.

    Returns:
        The path of the page.

    Raises:
        InputError: when the jets cannot be compared.
    """
    folder = Path(folder)
    progress("measure")
    checked = check(real, samples, training, kind)
    progress("compare")
    comparison: Comparison = kind.compare(checked, seed=seed)
    merits: dict[str, FigureOfMerit] = kind.classify(checked, seed)
    progress("prepare figures")
    kept = None if latent is None else latent[checked.kept]
    planned = kind.report_sections(checked, kept, history, seed)
    sections = list(_drawn(planned, folder, progress))
    progress("write")
    _write_table(folder, comparison, merits)
    page = folder / "report.html"
    write_text(
        page,
        render(
            title=title,
            description=description,
            comparison=comparison,
            merits=merits,
            counts={
                "real": len(checked.real),
                **{name: len(jets) for name, jets in checked.samples.items()},
            },
            sections=sections,
            rates=rates,
            provenance={"report seed": seed, **(provenance or {})},
            citations=citations,
            version=__version__,
        ),
    )
    return page


def _drawn(
    planned: Sequence[PlannedSection], folder: Path, progress: Callable[[str], None]
) -> Iterator[Section]:
    """Draw all figures, write each as PDF and PNG, and hand on the latter for the page."""
    total = sum(len(section.drawings) for section in planned)
    done = 0
    for section in planned:
        pictures = []
        for drawing in section.drawings:
            done += 1
            progress(f"draw {section.title.lower()} (figure {done} of {total})")
            with figure_style():
                png = save_figure(drawing.draw(), folder / "figures" / drawing.name)
            pictures.append(Picture(drawing.name, section.title, drawing.caption, png))
        yield Section(section.name, section.title, section.reading, tuple(pictures))


def save_figure(figure: Figure, stem: Path) -> bytes:
    """Write ``stem.pdf`` and ``stem.png``; return the latter's content."""
    buffer = io.BytesIO()
    with figure_style(), whole_file(stem.with_suffix(".pdf")) as path:  # formulas get fonts here
        figure.savefig(path, format="pdf", metadata={"CreationDate": None})
        figure.savefig(buffer, format="png", dpi=_DPI)
    with whole_file(stem.with_suffix(".png")) as path:
        path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


def _write_table(folder: Path, comparison: Comparison, merits: Mapping[str, FigureOfMerit]) -> None:
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
            "trees": {name: merit._asdict() for name, merit in merits.items()},
        },
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    write_text(folder / "table.csv", text.getvalue())
