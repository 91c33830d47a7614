"""The measurements of the compression study: mass peaks and compressed sizes of every run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jetgen.cloud import ParticleCloud
from jetgen.compression.coding import Coder
from jetgen.compression.compressors import Cost, costs
from jetgen.compression.fidelity import after_coding, kinematics
from jetgen.compression.peaks import Peak, Window, mean_change, mean_fitted_change
from jetgen.config.compress import CompressConfig
from jetgen.datasets.reading import read
from jetgen.errors import InputError
from jetgen.metrics.peak_fits import SHAPES, PeakFit, Shift
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study

PLAIN = "ae"
OBJECTIVES = {PLAIN: "AE", "vae": "VAE", "wae": "WAE", "swae": "SWAE", "aae": "AAE"}
"""The objectives; all but the plain one have a regulariser."""

REGULARISED = [name for name in OBJECTIVES if name != PLAIN]
DEEP, CONV, COARSE, DISCRETE = "deep_aae", "conv_ae", "coarse_wae", "discrete_wae"
FURTHER = {
    DEEP: "AAE, deeper",
    CONV: "AE, convolutions",
    COARSE: "WAE, coarse codes",
    DISCRETE: "WAE, discrete codes",
}
"""Models beside the objectives: deeper networks and discriminator; convolutions; codes rounded to a
large step only in compression, or in training too."""

FORMS = {"momenta": "four-momenta", "constituents": "constituent sets"}
MODELS = {
    "momenta": [*OBJECTIVES, DEEP, COARSE, DISCRETE],
    "constituents": [*OBJECTIVES, DEEP, CONV],
}
"""The models of each form of the jets."""

TITLES = {**OBJECTIVES, **FURTHER}
_ROUNDED = (COARSE, DISCRETE)
_TRAINED_AS = {COARSE: "wae"}
"""The trainings of a model that has none of its own."""
SAMPLES = {"w": "W jets", "top": "top jets"}
WINDOWS = {"w": Window(65, 100, 40), "top": Window(140, 210, 40)}

COLUMNS = [feature.name for feature in JET_KINEMATICS]

Peaks = dict[str, Peak]
"""The peaks of one model per sample, by sample."""


@dataclass(frozen=True)
class Found:
    """The measurements for one form of the jets (four-momenta or constituents).

    Args:
        peaks: by model, the peaks of every seed.
        shifts: by model, sample and shape, the changes of the first seed's fits and their errors.
        costs: sizes and times of W jets, for every compressor.
    """

    peaks: Mapping[str, Sequence[Peaks]]
    shifts: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Shift]]]]
    costs: Sequence[Cost]

    @property
    def titles(self) -> dict[str, str]:
        """The title of each model."""
        return {name: TITLES[name] for name in self.peaks}

    def before(self, sample: str) -> Mapping[str, PeakFit]:
        """The fits to the jets before compression, by shape."""
        return self.peaks[PLAIN][0][sample].before

    @property
    def shape(self) -> str:
        """The shape whose worst fit to the peaks before compression is best."""
        return max(SHAPES, key=lambda shape: min(self.before(s)[shape].p_value for s in SAMPLES))

    def disturbances(self, model: str) -> list[float]:
        """The mean change [GeV] of median and half width for each seed."""
        return [mean_change(peaks) for peaks in self.peaks[model]]

    def fitted_disturbances(self, model: str, shape: str) -> list[float]:
        """The same of fits, for the seeds whose peaks the shape describes."""
        found = [mean_fitted_change(peaks, shape) for peaks in self.peaks[model]]
        return [value for value in found if value is not None]

    def ranking(self) -> list[str]:
        """The regularised objectives by increasing change of the peaks."""
        return sorted(REGULARISED, key=lambda name: statistics.mean(self.disturbances(name)))


def jets_of(study: Study, form: str, sample: str) -> ParticleCloud:
    """The test jets, as sets of one or as sets of particles."""
    return read(study.file(f"{sample}-test"), columns=COLUMNS if form == "momenta" else ())


def coder_of(study: Study, path: Path, model: str = PLAIN) -> Coder:
    """The codes of a run, with the quantisation step of a model."""
    return Coder(load(path), study.settings["code_step" if model in _ROUNDED else "step"])


def coders_of(study: Study, form: str, sample: str, model: str) -> list[Coder]:
    """The trainings of a model with all seeds."""
    trained = _TRAINED_AS.get(model, model)
    paths = sorted(study.folder.glob(f"{form}-{sample}-{trained}-*/config.yaml"))
    return [coder_of(study, path.parent, model) for path in paths]


def found_of(study: Study, form: str) -> Found:
    """Compress the test jets with every run, and fit their peaks."""
    jets = {sample: jets_of(study, form, sample) for sample in SAMPLES}
    before = {sample: WINDOWS[sample].fits(kinematics(jets[sample])) for sample in SAMPLES}

    def peak(sample: str, coder: Coder) -> Peak:
        restored, window = after_coding(coder, jets[sample]), WINDOWS[sample]
        return Peak(restored, before[sample], window.fits(restored.after), window)

    peaks = {}
    for model in MODELS[form]:
        coders = [coders_of(study, form, sample, model) for sample in SAMPLES]
        peaks[model] = [
            {sample: peak(sample, coder) for sample, coder in zip(SAMPLES, of_seed, strict=True)}
            for of_seed in zip(*coders, strict=True)
        ]
    shifts = {
        model: {
            sample: {shape: peak.shifts(shape, study.settings["replicas"]) for shape in SHAPES}
            for sample, peak in of_seeds[0].items()
        }
        for model, of_seeds in peaks.items()
    }
    return Found(peaks, shifts, _costs(study, form))


def _costs(study: Study, form: str) -> list[Cost]:
    """The costs of W jets, with at most as many particles as the runs keep."""
    coders = {TITLES[model]: coders_of(study, form, "w", model)[0] for model in MODELS[form]}
    jets = jets_of(study, form, "w")
    most = next(iter(coders.values())).options.particles
    kept = jets[jets.multiplicity <= most]
    if not len(kept):
        raise InputError(
            f"particles: expected W jets of at most {most} particles, found none; "
            "set a larger number"
        )
    return costs(kept, coders, _errors(study, form))


def _errors(study: Study, form: str) -> dict[str, float]:
    features = COLUMNS if form == "momenta" else ["px", "py", "pz"]
    given = CompressConfig("", "", "", max_error=study.settings[f"{form}_error"])
    return given.errors(features) or {}
