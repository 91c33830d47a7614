"""The results of the latent-space study: the information on jets in codes of autoencoders."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.region_search import Search, search_region
from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.reading import read
from jetgen.latent.embedding import tsne
from jetgen.latent.encoding import EncodedSets
from jetgen.latent.page import far_apart, jet_walks
from jetgen.metrics.latent import (
    ACTIVE,
    LatentSpace,
    active,
    divergence,
    order,
    principal_components,
)
from jetgen.metrics.trainings import mean_of, paired_difference
from jetgen.objectives.preparation import represent
from jetgen.physics.observable_values import ObservableValues, observe
from jetgen.physics.observables import MeasuredSets, measure
from jetgen.physics.region import Region
from jetgen.reports.figures.latent_information import latent_information
from jetgen.reports.figures.latent_pairs import latent_pairs
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.latent_views import latent_views
from jetgen.reports.figures.points_with_errors import points_with_errors
from jetgen.reports.findings import Claim, Conclusion, FindingFigure, Table, judged
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study

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
_LAID_OUT = 1000
_COLUMNS, _STEPS = 4, 7
_REQUESTED = (60, 80, 100, 120, 140, 160, 180)
"""Masses in GeV that jets are decoded with."""

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


def conclude(study: Study) -> Conclusion:
    """Measure every run of the study and check the published claims."""
    paths = sorted(path.parent for path in study.folder.glob("*/config.yaml"))
    sample = _sample([study.file(f"{name}-test") for name in ("gluon", "top")], paths[0])
    runs = {_named(path.name): _coded(path, sample) for path in paths}
    claims = _claims(runs)
    with figure_style():
        drawings = list(_drawings(runs))
    tables = [_models(runs), _shares(runs), _known(runs)]
    return Conclusion(_answer(runs, claims), claims, tables, drawings)


def _named(name: str) -> tuple[str, int, int]:
    model, share, seed = name.rsplit("-", 2)
    return model, int(share), int(seed)


def _sample(files: Sequence[Path], run: Path) -> Sample:
    """The test jets in the representation of the runs, gluon and top jets alternating."""
    jets = represent(read(files), load(run).config)
    jets = jets[torch.randperm(len(jets), generator=torch.Generator().manual_seed(1))]
    measured = measure(jets)
    known = observe(jets, measured)
    return Sample(jets, measured, {name: known[name] for name in KNOWN})


def _coded(path: Path, sample: Sample) -> Coded:
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


def _numbers(runs: Runs, model: str, quantity: str, share: int = WHOLE) -> list[float]:
    """One value per seed, in the order of the seeds."""
    chosen = sorted((key for key in runs if key[:2] == (model, share)), key=lambda key: key[2])
    return [runs[key].numbers[quantity] for key in chosen]


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean over seeds, and its error."""
    found = mean_of(values)
    return found.value, found.error


def _cell(values: Sequence[float]) -> str:
    return "–" if math.isinf(values[0]) else with_uncertainty(*_mean(values))


def _claims(runs: Runs) -> list[Claim]:
    def ordered(
        statement: str, quantity: str, more: tuple[str, int], less: tuple[str, int]
    ) -> Claim:
        """The claim that ``more`` has the larger value, seed by seed."""
        sides = [_numbers(runs, model, quantity, share) for model, share in (more, less)]
        found = paired_difference(*sides)
        names = [_title(*side) for side in (more, less)]
        return Claim(
            statement,
            judged(found),
            f"{QUANTITIES[quantity]}, {names[0]} minus {names[1]}, mean over seeds: "
            f"{with_uncertainty(found.value, found.error)}",
            found.basis,
        )

    vae, beta, ae = (VAE, WHOLE), (BETA, WHOLE), (AE, WHOLE)
    return [
        ordered("A larger β leaves fewer latent dimensions active", "active", vae, beta),
        ordered("A larger β reduces the accuracy of the reconstruction", "error", beta, vae),
        ordered(
            "A larger β concentrates information on an observable in one dimension",
            "gap",
            beta,
            vae,
        ),
        ordered(
            "Single dimensions of a VAE have a clearer meaning than those of an AE", "gap", vae, ae
        ),
        ordered(
            "A code has less information on the type if the VAE is conditioned on it (asked here)",
            TOP,
            vae,
            (TYPE, WHOLE),
        ),
        ordered(
            "A code has less information on the mass if the VAE is conditioned on it (asked here)",
            HEAVY,
            vae,
            (MASS, WHOLE),
        ),
        ordered(
            "10 % of the data give codes with less information (asked here)", REGION, vae, (VAE, 10)
        ),
        ordered(
            "1 % of the data give codes with less information (asked here)",
            REGION,
            (VAE, 10),
            (VAE, 1),
        ),
    ]


def _title(model: str, share: int) -> str:
    return MODELS[model] + (f" of {share} % of the data" if share != WHOLE else "")


def _answer(runs: Runs, claims: Sequence[Claim]) -> str:
    confirmed = sum(claim.verdict == "confirmed" for claim in claims)
    best = max(MODELS, key=lambda model: _mean(_numbers(runs, model, REGION))[0])
    share = _mean([_following(runs[key]) for key in runs if key[0] == MASS])
    return (
        f"{confirmed} of {len(claims)} claims are confirmed at this scale. The region {REGION} is "
        f"found best from the codes of the {MODELS[best]}, with an AUC of "
        f"{_cell(_numbers(runs, best, REGION))}. For a fixed code, the mass of a C-VAE's jets "
        f"changes by {with_uncertainty(*share)} of a change of the mass it is conditioned on."
    )


def _models(runs: Runs) -> Table:
    return Table(
        "models",
        "All models",
        ["model", *QUANTITIES.values()],
        [
            [title, *(_cell(_numbers(runs, model, name)) for name in QUANTITIES)]
            for model, title in MODELS.items()
        ],
        "Mean over seeds and its error, for codes drawn from their posteriors. A latent dimension "
        f"is active above a variance of {ACTIVE} of its mean (of little meaning for an AE, whose "
        "codes have no scale). Information: mutual information of the dimension with most of it; "
        "gap: its difference from the dimension with second most, mean over "
        f"{', '.join(KNOWN[:-1])}. AUC: boosted trees (linear: logistic regression) on the codes "
        f"of half the jets, tested on the other half; the region is {REGION}.",
    )


def _shares(runs: Runs) -> Table:
    shares = sorted({share for model, share, _ in runs if model == VAE})
    return Table(
        "shares",
        "VAEs trained on fewer jets",
        ["percent of the data", *QUANTITIES.values()],
        [
            [f"{share}", *(_cell(_numbers(runs, VAE, name, share)) for name in QUANTITIES)]
            for share in shares
        ],
        "All models encode the same jets; columns as above.",
    )


def _known(runs: Runs) -> Table:
    def strongest(model: str, index: int) -> str:
        keys = [key for key in runs if key[:2] == (model, WHOLE)]
        return _cell([float(runs[key].information[:, index].max()) for key in keys])

    return Table(
        "information",
        "Largest information of a latent dimension on each observable [nats]",
        ["model", *KNOWN],
        [
            [title, *(strongest(model, index) for index in range(len(KNOWN)))]
            for model, title in MODELS.items()
        ],
        "Mutual information, mean over seeds and its error; the estimate for independent "
        "quantities is up to a few hundredths.",
    )


def _drawings(runs: Runs) -> Iterator[FindingFigure]:
    first = {model: runs[model, WHOLE, min(_seeds(runs, model))] for model in MODELS}
    observed = first[VAE].found.observed
    few = slice(_LAID_OUT)
    colours = [observed[name][few] for name in ("mass", "type")]
    for name, title, place in (
        ("pca", "Principal components", lambda latent: principal_components(latent)[0]),
        ("tsne", "t-SNE", lambda latent: tsne(latent.mean)),
    ):
        places = {MODELS[model]: place(_draws(coded)[few]) for model, coded in first.items()}
        yield FindingFigure(
            name,
            f"{title} of the codes",
            "One point per jet, one draw of its posterior (as in the tables), coloured by mass and "
            "by type; the first seed of each model.",
            latent_views(places, colours),
        )
    for model, coded in first.items():
        yield FindingFigure(
            f"information_{model}",
            f"Mutual information: {MODELS[model]}",
            "In nats, for each latent dimension and each observable, most active dimension first.",
            latent_information(
                coded.information,
                order(coded.found.latent),
                [known.observable for known in observed.values()],
            ),
        )
    yield FindingFigure(
        "pairs",
        "Pairs of latent dimensions of the VAE",
        "The dimensions with most information on the mass, coloured by the mass; one draw of each "
        "posterior.",
        latent_pairs(_draws(first[VAE]), _by_importance(first[VAE]).tolist(), observed["mass"]),
    )
    yield _region(first[VAE])
    for model in (VAE, TYPE):
        found = first[model].found
        for drawing in jet_walks(found, _STEPS, _by_importance(first[model]), far_apart(found)):
            title = f"{drawing.title}: {MODELS[model]}"
            yield replace(drawing, name=f"{drawing.name}_{model}", title=title)
    yield _requested_mass_figure(runs)
    yield _shares_figure(runs)


def _seeds(runs: Runs, model: str) -> list[int]:
    return [seed for name, share, seed in runs if (name, share) == (model, WHOLE)]


def _draws(coded: Coded) -> LatentSpace:
    """The codes with one draw of each posterior in place of its mean, as in all tables."""
    return replace(coded.found.latent, mean=coded.found.latent.codes)


def _by_importance(coded: Coded) -> Tensor:
    """The latent dimensions by falling information on the mass."""
    return coded.information[:, KNOWN.index("mass")].argsort(descending=True)[:_COLUMNS]


def _region(coded: Coded) -> FindingFigure:
    latent = _draws(coded)
    few = slice(_LAID_OUT)
    inside = coded.found.inside(Region(REGION))[few]
    ranked = coded.searches[REGION].trees.importances
    importances = [int(name.removeprefix("z")) - 1 for name, _ in ranked]
    return FindingFigure(
        "region",
        f"Codes of {REGION} in the VAE",
        "Jets of the region and all others in two projections of the codes, and the latent "
        "dimensions that are most important for the trees; one draw of each posterior, as the "
        "trees receive.",
        latent_region(
            {
                "Principal component": principal_components(latent[few])[0],
                "t-SNE": tsne(latent.mean[few]),
            },
            {f"$z_{{{column + 1}}}$": latent.mean[few, column] for column in importances[:3]},
            inside,
            REGION,
        ),
    )


def _decoded_masses(coded: Coded, mass: float) -> Tensor:
    """``(B,)`` masses of jets decoded from their own codes, all with the same requested mass."""
    found = coded.found
    jets = found.jets[:_LAID_OUT]
    like = jets.with_conditions({Feature("mass", "GeV"): torch.full((len(jets),), mass)})
    return measure(found.model.decode(found.latent.mean[:_LAID_OUT], like)).observables["mass"]


def _following(coded: Coded) -> float:
    """The slope of the mean decoded mass against the requested mass."""
    low, high = (
        float(_decoded_masses(coded, mass).mean()) for mass in (_REQUESTED[0], _REQUESTED[-1])
    )
    return (high - low) / (_REQUESTED[-1] - _REQUESTED[0])


def _requested_mass_figure(runs: Runs) -> FindingFigure:
    coded = runs[MASS, WHOLE, 1]
    masses = {mass: _decoded_masses(coded, mass) for mass in _REQUESTED}
    points = [(mass, float(m.mean()), float(m.std())) for mass, m in masses.items()]
    line = [(mass, float(mass), 0.0) for mass in _REQUESTED]
    return FindingFigure(
        "requested_mass",
        "The same codes decoded with another mass",
        "Mean mass of jets decoded from the mean codes of test jets of all masses, with one "
        "requested mass for all; bars are the standard deviation over jets.",
        points_with_errors(
            {"Decoded mass [GeV]": {"C-VAE, first seed": points, "as requested": line}},
            "Requested mass [GeV]",
        ),
    )


def _shares_figure(runs: Runs) -> FindingFigure:
    shares = sorted({share for model, share, _ in runs if model == VAE})

    def points(quantity: str) -> list[tuple[float, float, float]]:
        return [(float(share), *_mean(_numbers(runs, VAE, quantity, share))) for share in shares]

    def axis_title(quantity: str) -> str:
        return QUANTITIES[quantity][0].upper() + QUANTITIES[quantity][1:]

    return FindingFigure(
        "shares",
        "VAEs trained on fewer jets",
        "Mean over seeds and its error, for the same test jets.",
        points_with_errors(
            {
                axis_title(name): {"VAE": points(name)}
                for name in ("active", "error", "mass", REGION)
            },
            "Percent of the training data",
            logarithmic=True,
        ),
    )
