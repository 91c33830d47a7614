"""What the latent-space study finds: what the codes of several autoencoders know about jets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.region_search import Search, search_region
from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.reading import read
from jetgen.latent.embedding import tsne
from jetgen.latent.encoding import EncodedSets
from jetgen.latent.page import far_apart, jet_walks
from jetgen.metrics.latent import ACTIVE, active, divergence, order, principal_components
from jetgen.objectives.preparation import represent
from jetgen.physics.observable_values import ObservableValues, observe
from jetgen.physics.observables import MeasuredSets, measure
from jetgen.physics.region import Region
from jetgen.reports.figures.latent_information import latent_information
from jetgen.reports.figures.latent_pairs import latent_pairs
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.latent_views import latent_views
from jetgen.reports.figures.points_with_errors import points_with_errors
from jetgen.reports.findings import Claim, Conclusion, FindingFigure, Table, judged, mean_difference
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import load

AE, VAE, BETA, TYPE, MASS = "ae", "vae", "beta-vae", "c-vae-type", "c-vae-mass"
MODELS = {
    AE: "AE",
    VAE: "VAE",
    BETA: "β-VAE",
    TYPE: "C-VAE, told the type",
    MASS: "C-VAE, told the mass",
}
WHOLE = 100
"""Percent of the training data that the models are compared at."""

KNOWN = ("mass", "pt", "girth", "pt_dispersion", "tau21", "tau32", "type")
"""The observables that codes are asked about."""

REGION, HEAVY, TOP = "120 < mass < 200 and tau32 < 0.6", "mass > 110", "type == top"
_LAID_OUT = 1000
_COLUMNS, _STEPS = 4, 7
_TOLD = (60, 80, 100, 120, 140, 160, 180)
"""Masses in GeV that a model is told, of jets of any mass."""

QUANTITIES = {
    "active": "active columns",
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
"""What is measured of a run, by title."""


class Sample(NamedTuple):
    """The jets that every code is made of, which no training has seen."""

    jets: ParticleCloud
    measured: MeasuredSets
    observed: dict[str, ObservableValues]


class Coded(NamedTuple):
    """One run's codes, what they know and the numbers of :data:`QUANTITIES`."""

    found: EncodedSets
    information: Tensor
    searches: dict[str, Search]
    numbers: dict[str, float]


Runs = Mapping[tuple[str, int, int], Coded]
"""Runs by model, percent of the training data, and seed."""


def conclude(folder: Path, settings: Mapping[str, Any]) -> Conclusion:
    """Measure every run of the study and check what was published."""
    paths = sorted(path.parent for path in folder.glob("*/config.yaml"))
    sample = _sample(folder, paths[0])
    runs = {_named(path.name): _coded(path, sample) for path in paths}
    claims = _claims(runs)
    with figure_style():
        drawings = list(_drawings(runs))
    tables = [_models(runs), _shares(runs), _known(runs)]
    return Conclusion(_answer(runs, claims), claims, tables, drawings)


def _named(name: str) -> tuple[str, int, int]:
    model, share, seed = name.rsplit("-", 2)
    return model, int(share), int(seed)


def _sample(folder: Path, run: Path) -> Sample:
    """The test jets in the representation of the runs, gluon and top jets in turn."""
    jets = represent(read([folder / "gluon-test.h5", folder / "top-test.h5"]), load(run).config)
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
    """One number a seed, in the order of the seeds."""
    chosen = sorted((key for key in runs if key[:2] == (model, share)), key=lambda key: key[2])
    return [runs[key].numbers[quantity] for key in chosen]


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean over seeds, and its error."""
    return statistics.mean(values), statistics.stdev(values) / len(values) ** 0.5


def _cell(values: Sequence[float]) -> str:
    return "–" if math.isinf(values[0]) else with_uncertainty(*_mean(values))


def _claims(runs: Runs) -> list[Claim]:
    def ordered(
        statement: str, quantity: str, more: tuple[str, int], less: tuple[str, int]
    ) -> Claim:
        """Whether ``more`` has the larger number, seed by seed."""
        sides = [_numbers(runs, model, quantity, share) for model, share in (more, less)]
        mean, error = mean_difference(list(zip(*sides, strict=True)))
        names = [_title(*side) for side in (more, less)]
        return Claim(
            statement,
            judged(mean, error),
            f"{QUANTITIES[quantity]}, {names[0]} less {names[1]}, mean of {len(sides[0])} seeds: "
            f"{with_uncertainty(mean, error)}",
        )

    vae, beta, ae = (VAE, WHOLE), (BETA, WHOLE), (AE, WHOLE)
    return [
        ordered("A larger β leaves fewer columns active", "active", vae, beta),
        ordered("A larger β costs accuracy of the reconstruction", "error", beta, vae),
        ordered(
            "A larger β gathers what the code says of an observable in one column",
            "gap",
            beta,
            vae,
        ),
        ordered("Columns of a VAE have a meaning more than those of an AE", "gap", vae, ae),
        ordered(
            "The code of a C-VAE knows less of the type that it is told (asked here)",
            TOP,
            vae,
            (TYPE, WHOLE),
        ),
        ordered(
            "The code of a C-VAE knows less of the mass that it is told (asked here)",
            HEAVY,
            vae,
            (MASS, WHOLE),
        ),
        ordered("10 % of the data give codes that know less (asked here)", REGION, vae, (VAE, 10)),
        ordered(
            "1 % of the data give codes that know less (asked here)", REGION, (VAE, 10), (VAE, 1)
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
        f"{_cell(_numbers(runs, best, REGION))}. Of a change of the mass that a C-VAE is told, its "
        f"jets follow {with_uncertainty(*share)} (1 for all of it) when their code stays."
    )


def _models(runs: Runs) -> Table:
    return Table(
        "models",
        "Models side by side",
        ["model", *QUANTITIES.values()],
        [
            [title, *(_cell(_numbers(runs, model, name)) for name in QUANTITIES)]
            for model, title in MODELS.items()
        ],
        "Mean over seeds and its error, of codes drawn from their posteriors. A column is active "
        f"above a variance of {ACTIVE} of its mean, which says little of an AE, whose codes have "
        "no scale. Information is that of the one column that knows most; the gap is what it knows "
        f"more than the next one, mean over {', '.join(KNOWN[:-1])}. AUC: boosted trees (linear: "
        "logistic regression) on the codes of half the jets, tested on the other half; the region "
        f"is {REGION}.",
    )


def _shares(runs: Runs) -> Table:
    shares = sorted({share for model, share, _ in runs if model == VAE})
    return Table(
        "shares",
        "A VAE trained on less",
        ["percent of the data", *QUANTITIES.values()],
        [
            [f"{share}", *(_cell(_numbers(runs, VAE, name, share)) for name in QUANTITIES)]
            for share in shares
        ],
        "The same jets are encoded by all; columns as above.",
    )


def _known(runs: Runs) -> Table:
    def strongest(model: str, index: int) -> str:
        keys = [key for key in runs if key[:2] == (model, WHOLE)]
        return _cell([float(runs[key].information[:, index].max()) for key in keys])

    return Table(
        "information",
        "What the column that knows most says of each observable [nats]",
        ["model", *KNOWN],
        [
            [title, *(strongest(model, index) for index in range(len(KNOWN)))]
            for model, title in MODELS.items()
        ],
        "Mutual information, mean over seeds and its error; independent quantities give up to a "
        "few hundredths.",
    )


def _drawings(runs: Runs) -> Iterator[FindingFigure]:
    first = {model: runs[model, WHOLE, 1] for model in MODELS}
    observed = first[VAE].found.observed
    few = slice(_LAID_OUT)
    colours = [observed[name][few] for name in ("mass", "type")]
    for name, title, place in (
        ("pca", "Principal components", lambda latent: principal_components(latent)[0]),
        ("tsne", "t-SNE", lambda latent: tsne(latent.mean)),
    ):
        places = {MODELS[model]: place(coded.found.latent[few]) for model, coded in first.items()}
        yield FindingFigure(
            name,
            f"{title} of the codes",
            "One point a jet, coloured by the mass and by the type; the first seed of each model.",
            latent_views(places, colours),
        )
    for model, coded in first.items():
        yield FindingFigure(
            f"information_{model}",
            f"Mutual information: {MODELS[model]}",
            "Nats that each column alone says about each observable, most active column first.",
            latent_information(
                coded.information,
                order(coded.found.latent),
                [known.observable for known in observed.values()],
            ),
        )
    yield FindingFigure(
        "pairs",
        "Pairs of columns of the VAE",
        "The columns that know most of the mass against each other, coloured by the mass.",
        latent_pairs(
            first[VAE].found.latent, _by_importance(first[VAE]).tolist(), observed["mass"]
        ),
    )
    yield _region(first[VAE])
    for model in (VAE, TYPE):
        found = first[model].found
        for drawing in jet_walks(found, _STEPS, _by_importance(first[model]), far_apart(found)):
            title = f"{drawing.title}: {MODELS[model]}"
            yield replace(drawing, name=f"{drawing.name}_{model}", title=title)
    yield _told_figure(runs)
    yield _shares_figure(runs)


def _by_importance(coded: Coded) -> Tensor:
    """The columns that know most of the mass, by falling information."""
    return coded.information[:, KNOWN.index("mass")].argsort(descending=True)[:_COLUMNS]


def _region(coded: Coded) -> FindingFigure:
    latent = coded.found.latent
    few = slice(_LAID_OUT)
    inside = coded.found.inside(Region(REGION))[few]
    ranked = coded.searches[REGION].trees.importances
    importances = [int(name.removeprefix("z")) - 1 for name, _ in ranked]
    return FindingFigure(
        "region",
        f"Where {REGION} lives in the VAE",
        "Jets of the region among all others in two layouts of the codes, and the columns that the "
        "trees need most.",
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


def _decoded_masses(coded: Coded, told: float) -> Tensor:
    """``(B,)`` masses of jets decoded from their own codes, each told the same mass."""
    found = coded.found
    jets = found.jets[:_LAID_OUT]
    like = jets.with_conditions({Feature("mass", "GeV"): torch.full((len(jets),), told)})
    return measure(found.model.decode(found.latent.mean[:_LAID_OUT], like)).observables["mass"]


def _following(coded: Coded) -> float:
    """The slope of the decoded mass against the one that is told."""
    low, high = (float(_decoded_masses(coded, told).mean()) for told in (_TOLD[0], _TOLD[-1]))
    return (high - low) / (_TOLD[-1] - _TOLD[0])


def _told_figure(runs: Runs) -> FindingFigure:
    coded = runs[MASS, WHOLE, 1]
    masses = {told: _decoded_masses(coded, told) for told in _TOLD}
    points = [(told, float(m.mean()), float(m.std())) for told, m in masses.items()]
    line = [(told, float(told), 0.0) for told in _TOLD]
    return FindingFigure(
        "told",
        "The same codes decoded with another mass",
        "Mean mass of jets decoded from the codes of test jets of all masses, when the model is "
        "told one mass for all; bars are the spread over jets.",
        points_with_errors(
            {"Decoded mass [GeV]": {"C-VAE, first seed": points, "as told": line}},
            "Mass that is told [GeV]",
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
        "A VAE trained on less",
        "Mean over seeds and its error, of the same test jets.",
        points_with_errors(
            {
                axis_title(name): {"VAE": points(name)}
                for name in ("active", "error", "mass", REGION)
            },
            "Percent of the training data",
            logarithmic=True,
        ),
    )
