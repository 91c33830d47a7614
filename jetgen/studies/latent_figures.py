"""The figures of the latent-space study, of one draw of each posterior as its tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from jetgen.cloud import Feature
from jetgen.latent.embedding import tsne
from jetgen.latent.page import far_apart, jet_walks
from jetgen.metrics.latent import LatentSpace, order, principal_components
from jetgen.physics.observables import measure
from jetgen.physics.region import Region
from jetgen.reports.figures.latent_information import latent_information
from jetgen.reports.figures.latent_pairs import latent_pairs
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.latent_views import latent_views
from jetgen.reports.figures.points_with_errors import points_with_errors
from jetgen.reports.findings import FindingFigure
from jetgen.studies.latent_runs import (
    KNOWN,
    MASS,
    MODELS,
    QUANTITIES,
    REGION,
    TYPE,
    VAE,
    WHOLE,
    Coded,
    Runs,
    mean_and_error,
    numbers_of,
)

_LAID_OUT = 1000
_COLUMNS, _STEPS = 4, 7
_REQUESTED = (60, 80, 100, 120, 140, 160, 180)
"""Masses in GeV that jets are decoded with."""


def drawings(runs: Runs) -> Iterator[FindingFigure]:
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
    return measure(found.model.decode(found.latent.codes[:_LAID_OUT], like)).observables["mass"]


def following(coded: Coded) -> float:
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
        "Mean mass of jets decoded from the codes of test jets of all masses (one draw of each "
        "posterior, as in the tables), with one requested mass for all; bars are the standard "
        "deviation over jets.",
        points_with_errors(
            {"Decoded mass [GeV]": {"C-VAE, first seed": points, "as requested": line}},
            "Requested mass [GeV]",
        ),
    )


def _shares_figure(runs: Runs) -> FindingFigure:
    shares = sorted({share for model, share, _ in runs if model == VAE})

    def points(quantity: str) -> list[tuple[float, float, float]]:
        return [
            (float(share), *mean_and_error(numbers_of(runs, VAE, quantity, share)))
            for share in shares
        ]

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
