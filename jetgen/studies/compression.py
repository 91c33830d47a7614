"""What the compression study finds: which regulariser leaves the mass peak as it was."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from jetgen.cloud import ParticleCloud
from jetgen.compression.coding import Coder
from jetgen.compression.compressors import FLOAT16, PLAIN, ROUNDED, Cost, costs
from jetgen.compression.fidelity import Restored, through, through_codes
from jetgen.config.compress import CompressConfig
from jetgen.datasets.reading import read
from jetgen.evaluation.peak_fits import SHAPES, PeakFit, Shift, fit_peak, peak_shifts
from jetgen.evaluation.quantities import QUANTITIES
from jetgen.evaluation.residuals import half_width
from jetgen.generation import TrainedModel, load
from jetgen.physics.fourvectors import JET_KINEMATICS, to_cartesian
from jetgen.physics.observables import Measured
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.mass_peaks import mass_peaks
from jetgen.reports.figures.residual_histograms import residual_histograms
from jetgen.reports.figures.size_against_error import size_against_error
from jetgen.reports.style import figure_style, lines
from jetgen.reports.words import with_uncertainty
from jetgen.studies.conclusion import Claim, Conclusion, Drawing, Table, judged

OBJECTIVES = {"ae": "AE", "vae": "VAE", "wae": "WAE", "swae": "SWAE", "aae": "AAE"}
"""The first one has no regulariser."""

SAMPLES = {"w": "W jets", "top": "top jets"}
FORMS = {"momenta": "four-momenta", "constituents": "constituents"}
WINDOWS = {"w": (70.0, 95.0), "top": (155.0, 200.0)}
"""Masses that are fitted [GeV]."""

BINS = 40
STEPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Quantisation steps of the codes, for the size against the error."""

_COLUMNS = [feature.name for feature in JET_KINEMATICS]
_SHOWN = [quantity for quantity in QUANTITIES if quantity.name in _COLUMNS]
_CHANGES = ("mass", "width")


@dataclass(frozen=True)
class Peak:
    """The mass peak of one kind of jet that one model has compressed.

    Args:
        restored: the jets before and after.
        before, after: the fits by shape.
        shifts: by shape, the changes of mass and width with their errors; of one seed only.
    """

    restored: Restored
    before: Mapping[str, PeakFit]
    after: Mapping[str, PeakFit]
    shifts: Mapping[str, Mapping[str, Shift]]

    def change(self, shape: str, name: str) -> float:
        """By how much a fitted parameter [GeV] has changed."""
        return self.after[shape].values[name] - self.before[shape].values[name]


@dataclass(frozen=True)
class Form:
    """All peaks of one form of the jets, by sample, objective and seed; and what bytes cost."""

    peaks: Mapping[tuple[str, str, int], Peak]
    costs: Mapping[str, Sequence[Cost]]

    def first(self, sample: str, objective: str) -> Peak:
        """The peak of the first seed."""
        seed = min(s for of, kind, s in self.peaks if (of, kind) == (sample, objective))
        return self.peaks[sample, objective, seed]

    def seeds(self, objective: str) -> list[int]:
        return sorted({seed for _, kind, seed in self.peaks if kind == objective})

    def disturbances(self, objective: str, shape: str) -> list[float]:
        """For each seed the mean absolute change [GeV] of mass and width, of both samples."""
        return [
            statistics.mean(
                abs(self.peaks[sample, objective, seed].change(shape, name))
                for sample in SAMPLES
                for name in _CHANGES
            )
            for seed in self.seeds(objective)
        ]

    def described_by(self) -> str:
        """The shape whose worst goodness of fit to the uncompressed peaks is best."""
        peaks = [self.first(sample, next(iter(OBJECTIVES))) for sample in SAMPLES]
        return max(SHAPES, key=lambda shape: min(peak.before[shape].p_value for peak in peaks))

    def ranking(self, shape: str) -> list[str]:
        """The regularised objectives, the least disturbing one first."""
        return sorted(
            list(OBJECTIVES)[1:], key=lambda name: statistics.mean(self.disturbances(name, shape))
        )


def conclude(folder: Path, settings: Mapping[str, Any]) -> Conclusion:
    """Compress test jets with every run of the study, and fit their mass peaks."""
    forms = {name: _form(folder, name, settings) for name in FORMS}
    jets = read(folder / "w-test.h5", columns=_COLUMNS)
    return Conclusion(
        answer=" ".join(_answer(title, forms[name]) for name, title in FORMS.items()),
        claims=_claims(folder, forms, settings),
        tables=[
            _disturbances(forms),
            *(_fits(shape, forms) for shape in SHAPES),
            *(_costs(name, form) for name, form in forms.items()),
            _numbers(folder, jets, settings),
        ],
        drawings=list(_drawings(folder, forms, settings)),
    )


def _jets(folder: Path, form: str, sample: str) -> ParticleCloud:
    return read(folder / f"{sample}-test.h5", columns=_COLUMNS if form == "momenta" else ())


def _coder(path: Path, settings: Mapping[str, Any]) -> Coder:
    return Coder(load(path), settings["step"])


def _form(folder: Path, form: str, settings: Mapping[str, Any]) -> Form:
    peaks: dict[tuple[str, str, int], Peak] = {}
    spent = {}
    for sample in SAMPLES:
        jets = _jets(folder, form, sample)
        before: dict[str, PeakFit] = {}
        for objective in OBJECTIVES:
            paths = sorted(folder.glob(f"{form}-{sample}-{objective}-*/config.yaml"))
            for path in paths:
                coder = _coder(path.parent, settings)
                restored = through_codes(coder, jets)
                first = path == paths[0]
                before = before or _fitted(restored.before, sample)
                peak = _peak(restored, sample, before, settings["replicas"] if first else 0)
                peaks[sample, objective, coder.options.seed] = peak
                if first and sample == "w":
                    spent[objective] = _costs_of(coder, jets, settings[f"{form}_error"])
    return Form(peaks, spent)


def _peak(restored: Restored, sample: str, before: Mapping[str, PeakFit], replicas: int) -> Peak:
    masses = [jets.observables["mass"].numpy() for jets in (restored.before, restored.after)]
    shifts = {
        shape: peak_shifts(*masses, shape, WINDOWS[sample], BINS, replicas)
        for shape in (SHAPES if replicas else ())
    }
    return Peak(restored, before, _fitted(restored.after, sample), shifts)


def _fitted(jets: Measured, sample: str) -> dict[str, PeakFit]:
    masses = jets.observables["mass"].numpy()
    return {shape: fit_peak(masses, shape, WINDOWS[sample], BINS) for shape in SHAPES}


def _costs_of(coder: Coder, jets: ParticleCloud, errors: Sequence[str]) -> list[Cost]:
    few = jets[jets.multiplicity <= coder.options.particles][
        : 1000 if jets.mask.shape[1] > 1 else None
    ]
    names = [feature.name for feature in coder.wanted(few).features]
    given = CompressConfig("", "", "", max_error=list(errors)).errors(names)
    return costs(few, coder, given or {})
