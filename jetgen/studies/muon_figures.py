"""The figures of the muon study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from jetgen.classifiers.figure_of_merit import FEWEST_CLASSIFIED
from jetgen.classifiers.region_search import Search, search_region
from jetgen.cloud import ParticleCloud
from jetgen.datasets.reading import read
from jetgen.metrics.latent import order, principal_components
from jetgen.physics.muons import DECADES, MOMENTUM, START, measure_muons
from jetgen.physics.region import Region
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.classifier_scores import classifier_scores
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.monitored_curves import monitored_curves
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.training_curves import read_history
from jetgen.reports.findings import FindingFigure
from jetgen.reports.style import figure_style, lines
from jetgen.runs.folder import RunFolder
from jetgen.runs.latent_space import latent_space
from jetgen.runs.trained_model import TrainedModel, load
from jetgen.studies.muon_samples import (
    AIMED,
    AIMED_GAN,
    AIMED_VAE,
    KINDS,
    MODELS,
    PLANE,
    QUANTITIES,
    SIMULATED,
    Category,
    Share,
    measured,
    of_kind,
    runs_of,
)

_EPOCHS_SHOWN = 5


def curves(folder: Path) -> Iterator[FindingFigure]:
    for model, title in MODELS.items():
        histories = {
            f"mu-{kind}": next(
                iter(read_history(runs_of(folder, model, kind)[0] / "metrics.csv").values())
            )
            for kind in KINDS
        }
        with figure_style():
            yield FindingFigure(
                f"figure_of_merit_{model}",
                f"Boosted trees during the training: {title}",
                "Generated against validation muons, first seed; dotted: the value for equal "
                "distributions.",
                monitored_curves(histories),
            )


def spectra(folder: Path, test: ParticleCloud) -> Iterator[FindingFigure]:
    real = {f"mu-{kind}": measured(of_kind(test, kind)) for kind in KINDS}
    for model, title in MODELS.items():
        made = read(folder / f"{model}.h5")
        generated = {f"mu-{kind}": measured(of_kind(made, kind)) for kind in KINDS}
        shown = (*DECADES, MOMENTUM[0], *START)
        totals = float(test.weights.double().sum()), float(len(made))
        with figure_style():
            yield FindingFigure(
                f"spectra_{model}",
                f"All categories in their real ratios: {title}",
                "Points are simulated muons by weight, lines generated ones.",
                class_spectra(real, generated, shown, totals),
            )


def overlays(found: Mapping[str, Category]) -> Iterator[FindingFigure]:
    for kind, category in found.items():
        known = [row.quantity.name for row in category.comparison.rows]
        shown = [q for q in QUANTITIES if q.name in known]
        with figure_style():
            yield FindingFigure(
                f"variables_{kind.replace('-', '_')}",
                f"Simulated against generated: mu-{kind}",
                "Below each the ratio to the simulated muons and the pull.",
                distributions(category.real, category.muons, shown, lines(list(MODELS.values()))),
            )


def evolution(folder: Path, category: Category) -> FindingFigure:
    """The distributions of muons generated after some epochs of a training."""
    (path,) = runs_of(folder, "evolution", AIMED)
    run = RunFolder(path)
    epochs = run.kept_epochs()
    shown = epochs[:: max(1, len(epochs) // _EPOCHS_SHOWN)]
    steps = {int(row["epoch"]): row["step"] for row in run.read_metrics()}
    samples = {
        f"step {steps[epoch]}": measured(load(path, epoch=epoch).generate(len(category.real)))
        for epoch in shown
    }
    with figure_style():
        return FindingFigure(
            "evolution",
            f"Muons of a GAN after more and more steps: mu-{AIMED}",
            "Simulated muons, and those generated after some epochs of one training; below each "
            "the ratio and the pull.",
            distributions(category.real, samples, QUANTITIES, lines(list(samples))),
        )


def outputs(found: Mapping[str, Category]) -> Iterator[FindingFigure]:
    """The distributions of the trees' output for both kinds of muons."""
    for kind, category in found.items():
        merits = {title: tests[0] for title, tests in category.merits.items()}
        merits["other simulated muons"] = category.same
        with figure_style():
            yield FindingFigure(
                f"outputs_{kind.replace('-', '_')}",
                f"Output of boosted trees for simulated and generated muons: mu-{kind}",
                "Left, shares of both kinds above a cut; right, distributions of the output, "
                "dotted for simulated muons; first seed.",
                classifier_scores(merits, lines(list(merits)), many="muons"),
            )


def planes(found: Mapping[str, Category]) -> Iterator[FindingFigure]:
    for kind, category in found.items():
        known = [o for o in PLANE if all(o.name in m.observables for m in category.muons.values())]
        with figure_style():
            yield FindingFigure(
                f"pairs_{kind.replace('-', '_')}",
                f"Every pair of variables: mu-{kind}",
                "Share of muons per bin; above generated ones the distance of the histograms, and "
                "its mean for samples of one distribution.",
                pair_planes(category.real, category.muons, list(combinations(known, 2))),
            )


def region_variables(shares: Mapping[str, Share]) -> FindingFigure:
    samples = {
        t: shares[t].inside
        for t in (AIMED_VAE, AIMED_GAN)
        if len(shares[t].inside) >= FEWEST_CLASSIFIED
    }
    with figure_style():
        return FindingFigure(
            "region_variables",
            f"Within the region: mu-{AIMED}",
            "Simulated muons of the region, and generated ones that lie in it.",
            distributions(shares[SIMULATED].inside, samples, QUANTITIES, lines(list(samples))),
        )


def region_plane(shares: Mapping[str, Share]) -> FindingFigure:
    """Momentum and pT of the muons of the region, simulated beside generated."""
    reference = shares[SIMULATED].inside
    samples = {
        title: share.inside
        for title, share in shares.items()
        if title != SIMULATED and len(share.inside) >= FEWEST_CLASSIFIED
    }
    with figure_style():
        return FindingFigure(
            "region_plane",
            f"Momentum and pT within the region: mu-{AIMED}",
            "Share of muons per bin; above generated ones the distance of the histograms, and its "
            "mean for samples of one distribution.",
            pair_planes(reference, samples, [DECADES]),
        )


def region_codes(model: TrainedModel, region: Region) -> tuple[Search, FindingFigure]:
    """How well classifiers find the region from the codes, and a figure of its codes."""
    muons = model.held_out()
    inside = region.select(measure_muons(muons))
    latent = latent_space(model, muons)
    components, _ = principal_components(latent)
    active = order(latent)[:2].tolist()
    with figure_style():
        figure = latent_region(
            {
                "Principal component": components,
                "Latent dimension": latent.mean[:, active],
            },
            {f"z{column + 1}": latent.mean[:, column] for column in order(latent)[:4].tolist()},
            inside,
            region.text,
            "muons",
        )
    drawing = FindingFigure(
        "region_codes",
        f"The codes of the region in the VAE: mu-{AIMED}",
        "Mean codes of held-out muons, those of the region in colour; below, the normalised "
        "distributions of the latent dimensions.",
        figure,
    )
    return search_region(latent.mean, inside), drawing
