"""The results of the compression study: changes of the mass peak for each regulariser."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from jetgen.compression.compressors import ROUNDED, ROUNDED_BLOSC2
from jetgen.compression.fidelity import Restored, after_coding
from jetgen.compression.peaks import MOVED, PARAMETERS
from jetgen.metrics.peak_fits import SHAPES, PeakFit, Shift
from jetgen.metrics.residuals import half_width
from jetgen.metrics.trainings import TrainingMean, mean_of, paired_difference
from jetgen.reports.findings import (
    Claim,
    Conclusion,
    Table,
    basis_of,
    judged,
    judged_alike,
    judged_all,
)
from jetgen.reports.formatting import with_uncertainty
from jetgen.studies.compression_figures import drawings
from jetgen.studies.compression_runs import (
    COARSE,
    COLUMNS,
    CONV,
    DEEP,
    DISCRETE,
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

KEPT = 0.1
"""Largest change of an unchanged peak, in half widths of the central 68 %."""

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
            _deeper(found),
            _convolved(found["constituents"]),
            _quantised(found["momenta"]),
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
    changes = {name: found.disturbances(name) for name in (best, second)}
    difference = paired_difference(changes[second], changes[best])
    apart = judged(difference) == "confirmed"
    return (
        f"{FORMS[form].capitalize()}: {OBJECTIVES[best]} changes median and width of peaks least, "
        f"by {_printed(mean_of(changes[best]))} GeV on average over W and top jets and seeds "
        f"(without a fit), then {OBJECTIVES[second]} with "
        f"{_printed(mean_of(changes[second]))} GeV, "
        + ("a significant difference" if apart else "not a significant difference")
        + f" ({difference.basis})."
    )


def _kept(found: Found) -> Claim:
    """The claim that median and half width change by at most a tenth of the half width."""
    peaks = found.peaks[PLAIN]
    moved = {
        f"{name}, {kind}": mean_of([of_seed[sample].changes()[name] for of_seed in peaks])
        for sample, kind in SAMPLES.items()
        for name in MOVED
    }
    margins = {
        f"{name}, {kind}": KEPT
        * peaks[0][sample].summary(peaks[0][sample].restored.before)["width"]
        for sample, kind in SAMPLES.items()
        for name in MOVED
    }
    listed = "; ".join(
        f"{name} {_printed(each)} GeV (margin {margins[name]:.2f})" for name, each in moved.items()
    )
    lost = [kind for s, kind in SAMPLES.items() if any(of_seed[s].lost for of_seed in peaks)]
    listed += "".join(f"; {kind}: the peak is outside the window" for kind in lost)
    return Claim(
        "Three numbers represent the four-momentum of a jet: the mass peak does not change",
        judged_alike(moved, margins),
        f"changes without a fit, plain autoencoder, mean over seeds; unchanged: within {KEPT} of "
        f"the half width before: {listed}",
        basis_of(moved),
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
        f"{difference.basis}; one training per model",
    )


def _deeper(found: Mapping[str, Found]) -> Claim:
    gains = {FORMS[form]: _gain(each, "aae", DEEP) for form, each in found.items()}
    listed = "; ".join(f"{form} {_printed(gain)} GeV" for form, gain in gains.items())
    return Claim(
        "Deeper networks and discriminator of an AAE change mass peaks less",
        judged_all(gains),
        f"change of median and width, AAE minus deeper AAE, mean over seeds: {listed}",
        basis_of(gains),
    )


def _convolved(found: Found) -> Claim:
    gain = _gain(found, PLAIN, CONV)
    return Claim(
        "Convolutional networks change mass peaks less than dense ones: constituent sets",
        judged(gain),
        f"change of median and width, dense minus convolutions, mean over seeds: "
        f"{_printed(gain)} GeV",
        gain.basis,
    )


def _quantised(found: Found) -> Claim:
    gain = _gain(found, COARSE, DISCRETE)
    sizes = [found.peaks[model][0]["w"].restored.bytes_per_jet for model in (COARSE, DISCRETE)]
    return Claim(
        "Codes that are discrete in training change mass peaks less than continuous ones that are "
        "rounded later: four-momenta",
        judged(gain),
        "change of median and width of a WAE, rounded in compression only minus also in training, "
        f"with equal steps, mean over seeds: {_printed(gain)} GeV; {sizes[0]:.2f} and "
        f"{sizes[1]:.2f} bytes per W jet",
        gain.basis,
    )


def _gain(found: Found, worse: str, better: str) -> TrainingMean:
    """By how many GeV one model changes peaks more than another, seed by seed."""
    return paired_difference(found.disturbances(worse), found.disturbances(better))


def _disturbances(found: Mapping[str, Found]) -> Table:
    def changes(measured: Found, model: str) -> list[str]:
        cells = [_printed(mean_of(measured.disturbances(model)))]
        for shape in SHAPES:
            fitted = measured.fitted_disturbances(model, shape)
            described = f"{len(fitted)} of {len(measured.peaks[model])}"
            cells.append(f"{_printed(mean_of(fitted))} ({described})" if fitted else "–")
        return cells

    def error(measured: Found, model: str) -> str:
        means = [
            statistics.fmean(peak.restored.error for peak in peaks.values())
            for peaks in measured.peaks[model]
        ]
        return _printed(mean_of(means))

    def row(model: str, title: str) -> list[str]:
        cells = [title]
        for measured in found.values():
            known = model in measured.peaks
            cells += changes(measured, model) if known else ["–"] * (1 + len(SHAPES))
        return [*cells, *(error(f, model) if model in f.peaks else "–" for f in found.values())]

    columns = [f"{title}, {how}" for title in FORMS.values() for how in ("no fit", *SHAPES)]
    return Table(
        "disturbances",
        "Change of position and width of the mass peaks [GeV]",
        ["model", *columns, *(f"relative error, {title}" for title in FORMS.values())],
        [row(*each) for each in _titles(found).items()],
        "Mean of the absolute changes of median and half width (central 68 %) of the masses of the "
        "jets that were in the window before, wherever their masses are after, of W "
        "and top jets; ± is the error of the mean over seeds. Fits: the same of mass and width, "
        "only of seeds whose peaks the shape describes (in brackets how many). The last columns "
        "are the relative error: the half width of the residuals over that of the jets (central "
        "68 %), mean over pT, η, φ and mass. Coarse and discrete codes: in steps of the setting "
        "code_step instead of step.",
    )


def _titles(found: Mapping[str, Found]) -> dict[str, str]:
    """The models of all forms."""
    return {name: title for measured in found.values() for name, title in measured.titles.items()}


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
            for model, title in measured.titles.items():
                fit = measured.peaks[model][0][sample].after.get(shape)
                shifts = measured.shifts[model][sample][shape]
                rows.append([*row(form, sample, title, fit), *moved(shifts)])
    columns = ["form", "jets", "masses", "mass [GeV]", "width [GeV]", "deviance / d.o.f.", "p"]
    return Table(
        f"fits_{shape}",
        f"Fits: {SHAPES[shape].title}",
        [*columns, "minimum found", "shift of mass [GeV]", "shift of width [GeV]"],
        rows,
        "First seed of each model. Shifts: after minus before, ± from fits to bootstrap "
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
