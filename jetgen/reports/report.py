"""From clouds to a folder with the page, the figures and the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from jetgen import __version__
from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import RECONSTRUCTED, Checked, check
from jetgen.evaluation.comparison import Comparison, compare_checked
from jetgen.evaluation.quantities import BY_RANK, QUANTITIES
from jetgen.files import whole_file, write_json, write_text
from jetgen.physics.observables import JET_OBSERVABLES, PARTICLE_OBSERVABLES
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.jet_displays import jet_displays
from jetgen.reports.figures.jet_images import HALF_WIDTH, jet_images
from jetgen.reports.figures.training_curves import training_curves
from jetgen.reports.page import Picture, render
from jetgen.reports.style import figure_style, lines

_DPI = 110

_READING = (
    "Above, the distribution a jet; below, its ratio to the real jets. Grey is real; bands are "
    "statistical errors over jets. The shaded outermost bins collect everything beyond them, and "
    "triangles mark ratios outside the panel."
)


@dataclass(frozen=True)
class _Drawing:
    name: str
    title: str
    caption: str
    draw: Callable[[], Figure]


def write_report(
    folder: str | Path,
    *,
    real: ParticleCloud,
    samples: Mapping[str, ParticleCloud],
    training: ParticleCloud | None = None,
    title: str = "Generated jets beside real ones",
    description: str = "",
    provenance: Mapping[str, Any] | None = None,
    history: Path | None = None,
    timings: Mapping[str, str] | None = None,
    seed: int = 1,
    progress: Callable[[str], None] = lambda step: None,
) -> Path:
    """Compare samples of jets with real ones; write one self-contained HTML page.

    Args:
        folder: gets ``report.html``, ``table.csv``, ``table.json`` and ``figures/*.pdf, *.png``;
            files of these names are replaced.
        real: the real jets to compare to, in any representation.
        samples: jets by name, in the order of the page. ``reconstructed`` must correspond to
            ``real`` jet by jet; ``independent particles`` is taken for the trivial generator.
        training: further real jets, for the real-versus-real floor.
        title, description: the heading and the line below it.
        provenance: command, configuration, versions, hashes; nested mappings are shown nested.
        history: a run's ``metrics.csv``.
        timings: throughput and the like, by name, as text.
        seed: of the bootstrap, the splits and the choice of jets on display.
        progress: called with the name of each step before it starts.

    Returns:
        The path of the page.

    Raises:
        InputError: when the jets cannot be compared.
    """
    folder = Path(folder)
    progress("measure")
    checked = check(real, samples, training)
    progress("compare")
    comparison = compare_checked(checked, seed=seed)
    pictures = []
    for drawing in _drawings(checked, history, seed):
        progress(f"draw {drawing.title.lower()}")
        with figure_style():
            png = save_figure(drawing.draw(), folder / "figures" / drawing.name)
        pictures.append(Picture(drawing.name, drawing.title, drawing.caption, png))
    progress("write")
    _write_table(folder, comparison)
    page = folder / "report.html"
    write_text(
        page,
        render(
            title=title,
            description=description,
            comparison=comparison,
            counts={
                "real": len(checked.real),
                **{name: len(jets) for name, jets in checked.samples.items()},
            },
            pictures=pictures,
            provenance={"report seed": seed, **(provenance or {})},
            timings=timings or {},
            version=__version__,
        ),
    )
    return page


def _drawings(checked: Checked, history: Path | None, seed: int) -> Iterator[_Drawing]:
    real, samples = checked.real, checked.samples
    looks = lines(list(samples))
    yield _Drawing(
        "jet_images",
        "Average jet images",
        "Share of the jet's pT in 100 × 100 pixels around the jet axis, averaged over jets, on a "
        f"logarithmic scale (|η|, |φ| < {HALF_WIDTH}); below, the ratio to the real jets in "
        "50 × 50 pixels, grey where both are empty.",
        lambda: jet_images(real, samples),
    )
    yield _Drawing(
        "jet_displays",
        "Single jets",
        "Jets drawn at random. Each disc is a particle, its area proportional to its share of the "
        "jet's pT."
        + (
            " A reconstructed jet stands below the real one it comes from."
            if RECONSTRUCTED in samples
            else ""
        ),
        lambda: jet_displays(real, samples, looks, seed),
    )
    particle_names = [observable.name for observable in PARTICLE_OBSERVABLES]
    particles = [*(q for q in QUANTITIES if q.name in particle_names), *BY_RANK]
    jet_names = [observable.name for observable in JET_OBSERVABLES]
    jets = [q for q in QUANTITIES if q.name in jet_names]
    reconstructed = {n: s for n, s in samples.items() if n == RECONSTRUCTED}
    generated = {n: s for n, s in samples.items() if n != RECONSTRUCTED}
    for label, chosen in (("generation", generated), ("reconstruction", reconstructed)):
        if not chosen:
            continue
        yield _Drawing(
            f"jets_{label}",
            f"Jets: {label}",
            _READING,
            lambda chosen=chosen: distributions(real, chosen, jets, looks),  # type: ignore[misc]
        )
        yield _Drawing(
            f"particles_{label}",
            f"Particles: {label}",
            _READING,
            lambda chosen=chosen: distributions(real, chosen, particles, looks),  # type: ignore[misc]
        )
    if history is not None:
        yield _Drawing(
            "training",
            "Training",
            "Every column of the run's metrics.csv against the epoch.",
            lambda: training_curves(history),
        )


def save_figure(figure: Figure, stem: Path) -> bytes:
    """Write ``stem.pdf`` and ``stem.png``; return the latter's content."""
    with whole_file(stem.with_suffix(".pdf")) as path:
        figure.savefig(path, format="pdf", metadata={"CreationDate": None})
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    with whole_file(stem.with_suffix(".png")) as path:
        path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


def _write_table(folder: Path, comparison: Comparison) -> None:
    records = comparison.records()
    write_json(
        folder / "table.json",
        {
            "jets": comparison.jets,
            "pool": comparison.pool,
            "replicas": comparison.replicas,
            "seed": comparison.seed,
            "warnings": comparison.warnings,
            "rows": records,
        },
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    write_text(folder / "table.csv", text.getvalue())
