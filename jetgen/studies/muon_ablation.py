"""GANs of the muon study trained without the noise on labels or inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jetgen.metrics.trainings import mean_of, p_text, paired_difference
from jetgen.reports.findings import Claim, Table, judged
from jetgen.reports.formatting import with_uncertainty
from jetgen.runs.trained_model import load
from jetgen.studies.muon_samples import AIMED, MODELS, Category, merit, runs_of

PUBLISHED, NEITHER = "as published", "no_noise"
VARIANTS = {
    "no_label_noise": "no noise on labels",
    "real_label_noise": "noise on labels of simulated muons only",
    "no_input_noise": "no noise on inputs",
    NEITHER: "neither",
}

Areas = Mapping[str, Sequence[float]]
"""The AUC of boosted trees for each training, by variant."""


def ablation_areas(folder: Path, category: Category) -> Areas:
    """The AUC of each variant, and of the GAN with both kinds of noise."""
    real = category.real.relative
    found = {PUBLISHED: category.areas(MODELS["gan"])}
    for variant in VARIANTS:
        runs = [load(path) for path in runs_of(folder, f"ablation_{variant}", AIMED)]
        found[variant] = [merit(real, run.generate(len(real))).auc for run in runs]
    return found


def helped(areas: Areas) -> Claim:
    """The claim that both kinds of noise together make better muons."""
    gain = paired_difference(areas[NEITHER], areas[PUBLISHED])
    return Claim(
        "Noise on labels and inputs improves the GAN",
        judged(gain),
        f"AUC of boosted trees for mu-{AIMED}, without minus with noise, mean over seeds: "
        f"{with_uncertainty(gain.value, gain.error)}",
        gain.basis,
    )


def ablation_table(areas: Areas) -> Table:
    def row(variant: str) -> list[str]:
        area, change = mean_of(areas[variant]), paired_difference(areas[variant], areas[PUBLISHED])
        cells = [with_uncertainty(each.value, each.error) for each in (area, change)]
        return [VARIANTS[variant], *cells, p_text(change.p_value)]

    base = mean_of(areas[PUBLISHED])
    return Table(
        "ablation",
        f"Noise in the training of the GAN: mu-{AIMED}",
        ["noise", "AUC of boosted trees", "minus that of the GAN with both", "p"],
        [
            ["on labels 0.3 and inputs 0.001", with_uncertainty(base.value, base.error), "–", "–"],
            *(row(variant) for variant in VARIANTS),
        ],
        "Mean over trainings and its error; differences seed by seed.",
    )
