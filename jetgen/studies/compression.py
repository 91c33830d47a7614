"""The results of the compression study: changes of the mass peak for each regulariser."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from jetgen.compression.compressors import ROUNDED, ROUNDED_BLOSC2
from jetgen.compression.fidelity import Restored, after_coding
from jetgen.compression.peaks import PARAMETERS
from jetgen.metrics.peak_fits import SHAPES, PeakFit, Shift
from jetgen.metrics.residuals import half_width
from jetgen.metrics.trainings import TrainingMean, mean_of, paired_difference
from jetgen.reports.findings import Claim, Conclusion, Table, basis_of, judged, judged_all
from jetgen.reports.formatting import with_uncertainty
from jetgen.studies.compression_figures import drawings
from jetgen.studies.compression_runs import (
    COLUMNS,
    FORMS,
    OBJECTIVES,
    PLAIN,
    SAMPLES,
    Found,
    coder_of,
    coders_of,
    found_of,
    jets_of,
)
from jetgen.studies.definition import Study

_ROUNDING = (ROUNDED.title, ROUNDED_BLOSC2.title)
"""General-purpose compressors with a stated largest error."""


def conclude(study: Study) -> Conclusion:
    """Compress test jets with every run of the study, and fit their mass peaks."""
    found = {form: found_of(study, form) for form in FORMS}
    return Conclusion(
        answer=" ".join(_answer(*entry) for entry in found.items()),
        claims=[
            _kept(found["momenta"]),
            _specialised(study, found["momenta"]),
            *(_smaller(*entry) for entry in found.items()),
        ],
        tables=[
            _disturbances(found),
            *(_fits(shape, found) for shape in SHAPES),
            *(_costs(*entry) for entry in found.items()),
            _numbers(study, found["momenta"]),
        ],
        drawings=list(drawings(study, found)),
    )


def _printed(found: TrainingMean) -> str:
    return with_uncertainty(found.value, found.error)


def _answer(form: str, found: Found) -> str:
    best, second = found.ranking()[:2]
    changes = {name: found.disturbances(name, found.shape) for name in (best, second)}
    difference = paired_difference(changes[second], changes[best])
    apart = judged(difference) == "confirmed"
    return (
        f"{FORMS[form].capitalize()}: {OBJECTIVES[best]} changes mass and width of peaks least, "
        f"by {_printed(mean_of(changes[best]))} GeV on average over W and top jets and seeds "
        f"({SHAPES[found.shape].title}), then {OBJECTIVES[second]} with "
        f"{_printed(mean_of(changes[second]))} GeV, "
        + ("a significant difference" if apart else "not a significant difference")
        + f" ({difference.basis})."
    )


def _kept(found: Found) -> Claim:
    """The claim that no mass or width changes by more than two of its errors."""
    shape = found.shape
    lost = [kind for sample, kind in SAMPLES.items() if not found.shifts[PLAIN][sample][shape]]
    moved = {
        f"{name}, {SAMPLES[sample]}": shift
        for sample, shifts in found.shifts[PLAIN].items()
        for name, shift in shifts[shape].items()
    }
    listed = [
        f"{name} {with_uncertainty(s.value, s.error)} GeV ({s.significance:+.1f} errors)"
        for name, s in moved.items()
    ]
    listed += [f"{kind}: the peak is outside the window" for kind in lost]
    apart = bool(lost) or any(abs(shift.significance) > 2 for shift in moved.values())
    return Claim(
        "Three numbers represent the four-momentum of a jet: the mass peak does not change",
        "not confirmed" if apart else "confirmed",
        f"shifts of the {SHAPES[shape].title}, plain autoencoder, first seed: {'; '.join(listed)}",
        "1 training; shifts of more than 2 errors",
    )


def _specialised(study: Study, found: Found) -> Claim:
    """The claim that models of W jets have larger errors for top jets than models of top jets."""
    jets = jets_of(study, "momenta", "top")
    differences = {
        title: paired_difference(
            [
                after_coding(coder, jets).error
                for coder in coders_of(study, "momenta", "w", objective)
            ],
            [peaks["top"].restored.error for peaks in found.peaks[objective]],
        )
        for objective, title in OBJECTIVES.items()
    }
    listed = "; ".join(f"{title} {_printed(found)}" for title, found in differences.items())
    return Claim(
        "A model of one jet class is worse for another class",
        judged_all(differences),
        "relative error (mean over pT, η, φ, mass) of top jets, models of W jets minus models of "
        f"top jets, mean over seeds: {listed}",
        basis_of(differences),
    )


def _smaller(form: str, found: Found) -> Claim:
    """The claim that codes with residuals have larger compression ratios than the best rounding."""
    rivals = [cost for cost in found.costs if cost.title in _ROUNDING]
    rounded = max(rivals, key=lambda cost: cost.ratio)
    ratios = [cost.ratio for cost in found.costs if cost.title.endswith(", residuals")]
    difference = mean_of([ratio - rounded.ratio for ratio in ratios])
    return Claim(
        f"Learned codes make smaller files than rounding at equal error: {FORMS[form]}",
        judged(difference),
        f"compression ratio of codes with residuals {min(ratios):.2f} to {max(ratios):.2f}, of "
        f"{rounded.title} {rounded.ratio:.2f}; mean difference {_printed(difference)}",
        f"{difference.basis}; one training per objective",
    )


def _disturbances(found: Mapping[str, Found]) -> Table:
    def row(objective: str) -> list[str]:
        values = [
            mean_of(measured.disturbances(objective, shape))
            for measured in found.values()
            for shape in SHAPES
        ]
        errors = [
            mean_of(
                [
                    statistics.fmean(peak.restored.error for peak in peaks.values())
                    for peaks in measured.peaks[objective]
                ]
            )
            for measured in found.values()
        ]
        return [OBJECTIVES[objective], *(_printed(each) for each in (*values, *errors))]

    columns = [f"{title}, {shape}" for title in FORMS.values() for shape in SHAPES]
    return Table(
        "disturbances",
        "Change of the fitted mass and width [GeV]",
        ["objective", *columns, *(f"relative error, {title}" for title in FORMS.values())],
        [row(objective) for objective in OBJECTIVES],
        "Mean of the absolute changes of mass and width of W and top jets; ± is the error of the "
        "mean over seeds. The last columns are the relative error: the half width of the residuals "
        "over that of the jets (central 68 %), mean over pT, η, φ and mass.",
    )


def _fits(shape: str, found: Mapping[str, Found]) -> Table:
    def row(form: str, sample: str, title: str, fit: PeakFit | None) -> list[str]:
        start = [FORMS[form], SAMPLES[sample], title]
        if fit is None:
            return [*start, "outside the window", "", "", "", ""]
        cells = [with_uncertainty(fit.values[name], fit.errors[name]) for name in PARAMETERS]
        goodness = f"{fit.deviance:.0f} / {fit.degrees_of_freedom}"
        return [*start, *cells, goodness, f"{fit.p_value:.2g}", "yes" if fit.valid else "no"]

    def moved(shifts: Mapping[str, Shift]) -> list[str]:
        if not shifts:
            return ["", ""]
        return [
            f"{with_uncertainty(s.value, s.error)} ({s.significance:+.1f})"
            for s in (shifts[name] for name in PARAMETERS)
        ]

    rows = []
    for form, measured in found.items():
        for sample in SAMPLES:
            rows.append([*row(form, sample, "before", measured.before(sample)[shape]), "", ""])
            for objective, title in OBJECTIVES.items():
                fit = measured.peaks[objective][0][sample].after.get(shape)
                shifts = measured.shifts[objective][sample][shape]
                rows.append([*row(form, sample, title, fit), *moved(shifts)])
    columns = ["form", "jets", "masses", "mass [GeV]", "width [GeV]", "deviance / d.o.f.", "p"]
    return Table(
        f"fits_{shape}",
        f"Fits: {SHAPES[shape].title}",
        [*columns, "minimum found", "shift of mass [GeV]", "shift of width [GeV]"],
        rows,
        "First seed of each objective. Shifts: after minus before, ± from fits to bootstrap "
        "replicas of the pairs, in brackets in units of that error.",
    )


def _costs(form: str, found: Found) -> Table:
    titles = [cost.title for cost in found.costs]
    return Table(
        f"costs_{form}",
        f"Size and speed: {FORMS[form]} of W jets",
        [
            "compressor",
            "bytes per jet",
            "ratio",
            "MB/s compression",
            "MB/s decompression",
            "largest error / stated",
        ],
        [
            [
                cost.title,
                f"{cost.bytes_per_set:.2f}",
                f"{cost.ratio:.2f}",
                f"{cost.pack_rate:.3g}",
                f"{cost.unpack_rate:.3g}",
                f"{cost.largest_error:.3g}",
            ]
            for cost in found.costs
        ],
        "Ratio and MB/s of the features in single precision, CPU time of one process, first seed. "
        "Rounding and residuals keep the stated errors of the settings; float16 and codes alone "
        "have no stated error."
        + ("" if ROUNDED_BLOSC2.title in titles else " blosc2 is not installed."),
    )


def _numbers(study: Study, found: Found) -> Table:
    """The plain autoencoder of W jets with latent dimensions other than three."""
    jets = jets_of(study, "momenta", "w")
    runs = {path.parent for path in study.folder.glob("numbers-*/config.yaml")}
    restored = {
        coder.options.latent: after_coding(coder, jets)
        for coder in (coder_of(study, path) for path in runs)
    }
    restored[3] = found.peaks[PLAIN][0]["w"].restored
    return Table(
        "numbers",
        "Four-momenta of W jets with other latent dimensions, plain autoencoder",
        ["numbers", "bytes per jet", *(f"{name}: relative error" for name in COLUMNS)],
        [
            [str(number), f"{r.bytes_per_jet:.2f}", *(f"{e:.3f}" for e in _relative_errors(r))]
            for number, r in sorted(restored.items())
        ],
        "Half widths of the residuals over those of the jets, central 68 %; first seed.",
    )


def _relative_errors(restored: Restored) -> list[float]:
    return [
        half_width(values) / half_width(restored.before.observables[name])
        for name, values in restored.residuals().items()
    ]
