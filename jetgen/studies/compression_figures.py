"""The figures of the compression study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jetgen.compression.coding import Coder
from jetgen.compression.compressors import FLOAT16, ROUNDED
from jetgen.compression.fidelity import Restored, after_coding, after_compression
from jetgen.metrics.peak_fits import SHAPES
from jetgen.metrics.residuals import half_width
from jetgen.physics.fourvectors import to_cartesian
from jetgen.physics.quantities import QUANTITIES
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.mass_peaks import Row, mass_peaks
from jetgen.reports.figures.residual_histograms import residual_histograms
from jetgen.reports.figures.size_against_error import Curves, size_against_error
from jetgen.reports.findings import FindingFigure
from jetgen.reports.style import figure_style, lines
from jetgen.studies.compression_runs import (
    COARSE,
    COLUMNS,
    DISCRETE,
    FORMS,
    MODELS,
    SAMPLES,
    TITLES,
    Found,
    coders_of,
    jets_of,
)
from jetgen.studies.definition import Study

STEPS = (0.02, 0.1, 0.3, 1.0, 2.0)
"""Quantisation steps of the codes for the figure of size against error."""

ROUNDINGS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Largest errors of rounding for the same figure, in half widths of each feature."""

_QUANTITIES = [quantity for quantity in QUANTITIES if quantity.name in COLUMNS]
_LOOKS = lines(list(TITLES.values()))


def drawings(study: Study, found: Mapping[str, Found]) -> Iterator[FindingFigure]:
    """Every figure of the study."""
    for form, measured in found.items():
        with figure_style():
            yield _peaks(form, measured)
            yield _shapes(form, measured)
            yield _residuals(form, measured)
            yield from (_pulls(form, measured, sample) for sample in SAMPLES)
    with figure_style():
        yield FindingFigure(
            "size_against_error",
            "Size against error: W jets",
            "Codes with steps of 0.02 to 2, and rounding; first seed of each model.",
            size_against_error(
                {title: _curves(study, form) for form, title in FORMS.items()}, _LOOKS
            ),
        )


def _peaks(form: str, found: Found) -> FindingFigure:
    shape = found.shape
    rows: list[Row] = [
        (
            kind,
            found.before(sample)[shape],
            {t: found.peaks[m][0][sample].after.get(shape) for m, t in found.titles.items()},
        )
        for sample, kind in SAMPLES.items()
    ]
    return FindingFigure(
        f"peaks_{form}",
        f"Mass peaks before (grey) and after: {FORMS[form]}",
        f"First seed of each model; fits of the {SHAPES[shape].title}.",
        mass_peaks(rows, _LOOKS),
    )


def _shapes(form: str, found: Found) -> FindingFigure:
    best = found.ranking()[0]
    rows: list[Row] = [
        (
            kind,
            found.before(sample)[found.shape],
            {name: found.peaks[best][0][sample].after.get(name) for name in SHAPES},
        )
        for sample, kind in SAMPLES.items()
    ]
    return FindingFigure(
        f"shapes_{form}",
        f"The three shapes: {FORMS[form]}, {TITLES[best]}",
        f"Before (grey, {SHAPES[found.shape].title}), and after, fitted with each shape.",
        mass_peaks(rows, lines(list(SHAPES))),
    )


def _residuals(form: str, found: Found) -> FindingFigure:
    rows = [
        (kind, {t: found.peaks[m][0][s].restored.residuals() for m, t in found.titles.items()})
        for s, kind in SAMPLES.items()
    ]
    return FindingFigure(
        f"residuals_{form}",
        f"Residuals: {FORMS[form]}",
        "After minus before, jet by jet; the outermost bins include underflow and overflow.",
        residual_histograms(rows, [quantity.observable for quantity in _QUANTITIES], _LOOKS),
    )


def _pulls(form: str, found: Found, sample: str) -> FindingFigure:
    restored = {t: found.peaks[m][0][sample].restored for m, t in found.titles.items()}
    before = next(iter(restored.values())).before
    after = {title: jets.after for title, jets in restored.items()}
    return FindingFigure(
        f"pulls_{form}_{sample}",
        f"Distributions, ratios and pulls: {FORMS[form]} of {SAMPLES[sample]}",
        "Before (real) and after, first seed; below each the ratio and the pull of every bin.",
        distributions(before, after, _QUANTITIES, _LOOKS),
    )


def _curves(study: Study, form: str) -> Curves:
    """Bytes per jet and error of W jets, for the codes of each model and for rounding."""
    jets = jets_of(study, form, "w")
    learned = {}
    for name in MODELS[form]:
        if name not in (COARSE, DISCRETE):  # of one step only
            model = coders_of(study, form, "w", name)[0].model
            points = [_point(after_coding(Coder(model, step), jets)) for step in STEPS]
            learned[TITLES[name]] = points
    items = jets if form == "momenta" else to_cartesian(jets.compact())
    spreads = {
        feature.name: half_width(items.feature(feature.name)[items.mask].double())
        for feature in items.features
    }
    rounded = [
        _point(after_compression(ROUNDED, items, {name: share * h for name, h in spreads.items()}))
        for share in ROUNDINGS
    ]
    half = [_point(after_compression(FLOAT16, items, spreads))]
    return Curves(learned, {ROUNDED.title: rounded, FLOAT16.title: half})


def _point(restored: Restored) -> tuple[float, float]:
    return restored.bytes_per_jet, restored.error
