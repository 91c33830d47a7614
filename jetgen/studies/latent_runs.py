"""The measurements of the latent-space study: the codes of every run, and what they contain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.region_search import Search, search_region
from jetgen.cloud import ParticleCloud
from jetgen.datasets.reading import read
from jetgen.latent.encoding import EncodedSets
from jetgen.metrics.latent import active, divergence
from jetgen.metrics.trainings import mean_of
from jetgen.objectives.preparation import represent
from jetgen.physics.observable_values import ObservableValues, observe
from jetgen.physics.observables import MeasuredSets, measure
from jetgen.physics.region import Region
from jetgen.reports.formatting import with_uncertainty
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import load

AE, VAE, BETA, TYPE, MASS = "ae", "vae", "beta-vae", "c-vae-type", "c-vae-mass"
MODELS = {
    AE: "AE",
    VAE: "VAE",
    BETA: "β-VAE",
    TYPE: "C-VAE, conditioned on type",
    MASS: "C-VAE, conditioned on mass",
}
WHOLE = 100
"""Percent of the training data with which the models are compared."""

KNOWN = ("mass", "pt", "girth", "pt_dispersion", "tau21", "tau32", "type")
"""The observables whose information in the codes is measured."""

REGION, HEAVY, TOP = "120 < mass < 200 and tau32 < 0.6", "mass > 110", "type == top"

QUANTITIES = {
    "active": "active dimensions",
    "divergence": "KL [nats]",
    "error": "mean relative error of the mass",
    "gap": "information gap [nats]",
    "mass": "information on the mass [nats]",
    "type": "information on the type [nats]",
    "linear": "AUC of the region, linear",
    REGION: "AUC of the region, trees",
    HEAVY: f"AUC of {HEAVY} GeV",
    TOP: "AUC of top jets",
}
"""The titles of the measured quantities."""


class Sample(NamedTuple):
    """The jets to encode, which were not used in any training."""

    jets: ParticleCloud
    measured: MeasuredSets
    observed: dict[str, ObservableValues]


class Coded(NamedTuple):
    """The codes of a run, their information, and the values of :data:`QUANTITIES`."""

    found: EncodedSets
    information: Tensor
    searches: dict[str, Search]
    numbers: dict[str, float]


Runs = Mapping[tuple[str, int, int], Coded]
"""Runs by model, percent of the training data, and seed."""


def named(name: str) -> tuple[str, int, int]:
    model, share, seed = name.rsplit("-", 2)
    return model, int(share), int(seed)


def sample_of(files: Sequence[Path], run: Path) -> Sample:
    """The test jets in the representation of the runs, gluon and top jets alternating."""
    jets = represent(read(files), load(run).config)
    jets = jets[torch.randperm(len(jets), generator=torch.Generator().manual_seed(1))]
    measured = measure(jets)
    known = observe(jets, measured)
    return Sample(jets, measured, {name: known[name] for name in KNOWN})


def coded(path: Path, sample: Sample) -> Coded:
    run = load(path)
    latent = latent_space(run, sample.jets)
    found = EncodedSets(run, sample.jets, sample.measured, latent, sample.observed)
    information = found.information()  # (L, O)
    values = {name: known.values for name, known in sample.observed.items()}
    searches = {
        text: search_region(latent.codes, Region(text).select(values))
        for text in (REGION, HEAVY, TOP)
    }
    mass = sample.measured.observables["mass"]
    rebuilt = measure(run.reconstruct(sample.jets)).observables["mass"]
    strongest = information.sort(0, descending=True).values  # (L, O)
    single = [KNOWN.index(name) for name in KNOWN if name != "type"]
    numbers = {
        "active": float(active(latent).sum()),
        "divergence": float(divergence(latent).sum()),
        "error": float(((rebuilt - mass).abs() / mass).mean()),
        "gap": float((strongest[0] - strongest[1])[single].mean()),
        "mass": float(strongest[0, KNOWN.index("mass")]),
        "type": float(strongest[0, KNOWN.index("type")]),
        "linear": searches[REGION].linear.auc,
        **{text: search.trees.auc for text, search in searches.items()},
    }
    return Coded(found, information, searches, numbers)


def numbers_of(runs: Runs, model: str, quantity: str, share: int = WHOLE) -> list[float]:
    """One value per seed, in the order of the seeds."""
    chosen = sorted((key for key in runs if key[:2] == (model, share)), key=lambda key: key[2])
    return [runs[key].numbers[quantity] for key in chosen]


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean over seeds, and its error."""
    found = mean_of(values)
    return found.value, found.error


def cell(values: Sequence[float]) -> str:
    return "–" if math.isinf(values[0]) else with_uncertainty(*mean_and_error(values))


def title_of(model: str, share: int) -> str:
    return MODELS[model] + (f" of {share} % of the data" if share != WHOLE else "")
