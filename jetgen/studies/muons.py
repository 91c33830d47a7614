"""What the muon study finds: how well, how fast and how aimed networks make muons."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.detection import open_source
from jetgen.datasets.reading import read
from jetgen.evaluation.boosted_trees import figure_of_merit
from jetgen.evaluation.checks import Checked
from jetgen.evaluation.columns import column_table
from jetgen.evaluation.comparison import Comparison, Row, compare_resampled
from jetgen.evaluation.figure_of_merit import FEWEST, FigureOfMerit
from jetgen.evaluation.latent import order, principal_components
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.quantities import Quantity
from jetgen.evaluation.region import Region
from jetgen.evaluation.region_search import Search, search_region
from jetgen.evaluation.resampling import resample
from jetgen.evaluation.weighted_quantiles import effective_size
from jetgen.generation import TrainedModel, latent_space, load
from jetgen.physics.classes import class_index
from jetgen.physics.columns import measure_columns
from jetgen.physics.muons import DECADES, MOMENTUM, MUON, MUON_OBSERVABLES, START, measure_muons
from jetgen.physics.observables import Measured
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.monitored_curves import monitored_curves
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.training_curves import read_history
from jetgen.reports.style import figure_style, lines
from jetgen.reports.words import cell, floor_cell, with_uncertainty
from jetgen.studies.conclusion import (
    Claim,
    Conclusion,
    Drawing,
    Table,
    judged,
    mean_difference,
)

KINDS = ("minus-prompt", "plus-prompt", "minus-displaced", "plus-displaced")
MODELS = {"gan": "GAN", "vae": "VAE"}
AIMED = "plus-displaced"
"""The category in which a region is aimed at."""

PUBLISHED_SPEED = 1e6
QUANTITIES = [Quantity(o, 1.0, o.title) for o in MUON_OBSERVABLES]
_PLANE = (MOMENTUM[0], MOMENTUM[1], DECADES[0], *START)
_AT_FLOOR = 3.0
"""Spreads of the floor above it up to which muons pass for real ones."""

_COMPARED = 4000
"""Muons of each kind at most whose distances are taken."""


class Category(NamedTuple):
    """One charge and origin: simulated muons, those of each model, and how far they are.

    Args:
        real: simulated muons that no training has seen, with their weights.
        muons: generated ones by model.
        same: the trees' test of simulated muons against others of the same simulation.
        merits: the same test of each model.
        comparison: distances in each variable, correlations and pairs.
    """

    real: Measured
    muons: dict[str, Measured]
    same: FigureOfMerit
    merits: dict[str, FigureOfMerit]
    comparison: Comparison


class Share(NamedTuple):
    """Muons that a region was to be filled with.

    Args:
        value, error: the share of them that lie in it, and its statistical error.
        inside: those that do.
        merit: the trees' test of these against simulated ones of the region; None of too few.
    """

    value: float
    error: float
    inside: Measured
    merit: FigureOfMerit | None


def conclude(folder: Path, settings: Mapping[str, Any]) -> Conclusion:
    """Measure every run of the study and check what was published."""
    test, seen = (read(folder / name) for name in ("test.h5", "muons.h5"))
    found = {kind: _measured(folder, kind, test, seen) for kind in KINDS}
    rates = _rates(folder, test)
    region = Region(settings["region"])
    shares = _shares(folder, region, found[AIMED], of_kind(seen, AIMED))
    search, codes = _searched(load(folder / f"vae-{AIMED}"), region)
    claims = [
        *(_passes(found, model) for model in MODELS),
        *(_correlated(found, model) for model in MODELS),
        _faster(rates),
        _nearer(found),
        *_aimed(shares),
    ]
    return Conclusion(
        answer=_answer(found, rates, shares),
        claims=claims,
        tables=[
            _merits(found),
            _numbers(folder, test),
            *(_distances(kind, category) for kind, category in found.items()),
            _region_table(shares, search, region),
            _speed(rates),
        ],
        drawings=[
            *_curves(folder),
            *_spectra(folder, test),
            *_overlays(found),
            *_planes(found),
            codes,
            _region_drawing(shares),
        ],
    )


def of_kind(muons: ParticleCloud, kind: str) -> ParticleCloud:
    """The muons of one category."""
    return muons[muons.condition("type") == class_index(f"mu-{kind}")]


def measured(muons: ParticleCloud) -> Measured:
    """Muons with what is known of each; those of a model of the prompt ones have no start x, y."""
    return Measured(muons.to(torch.float64), measure_muons(muons), MUON)


def merit(real: ParticleCloud, made: ParticleCloud) -> FigureOfMerit:
    """The trees' test on the columns of both, by weight."""
    table = column_table(measure_columns(real), measure_columns(made))
    return figure_of_merit(*table, weights=(real.weights, made.weights))


def weighted_share(inside: Tensor, weights: Tensor) -> tuple[float, float]:
    """The share of the weight that lies inside, and its binomial error."""
    share = float(weights[inside].sum() / weights.sum())
    return share, math.sqrt(share * (1 - share) / effective_size(weights.double().numpy()))


def _measured(folder: Path, kind: str, test: ParticleCloud, seen: ParticleCloud) -> Category:
    real, known = of_kind(test, kind), of_kind(seen, kind)
    clouds = {
        title: load(folder / f"{model}-{kind}").generate(len(real))
        for model, title in MODELS.items()
    }
    muons = {title: measured(cloud) for title, cloud in clouds.items()}
    pool = measured(ParticleCloud.concatenate([real, known]))
    whole = torch.ones(len(real), dtype=torch.bool)
    checked = Checked(measured(real), muons, pool, whole, ())
    drawn = resample(checked, replicas=50, seed=1, most=_COMPARED)
    shown = [q for q in QUANTITIES if all(q.name in m.observables for m in muons.values())]
    paired = [o.name for o in _PLANE if o.name in [q.name for q in shown]]
    columns = next(iter(clouds.values())).features
    return Category(
        real=measured(real),
        muons=muons,
        same=merit(real, _with_columns(known, columns)),
        merits={title: merit(real, cloud) for title, cloud in clouds.items()},
        comparison=compare_resampled(drawn, shown).with_rows(pair_rows(drawn, paired)),
    )


def _with_columns(muons: ParticleCloud, features: Sequence[Any]) -> ParticleCloud:
    particles = torch.stack([muons.feature(f.name) for f in features], dim=2)
    return ParticleCloud(particles, muons.mask, tuple(features), weights=muons.weights)


def _excesses(found: Mapping[str, Category], title: str) -> dict[str, tuple[float, float]]:
    """The AUC above that of simulated muons among each other, and its error, by category."""
    return {
        kind: (
            category.merits[title].auc - category.same.auc,
            math.hypot(category.merits[title].auc_error, category.same.auc_error),
        )
        for kind, category in found.items()
    }


def _passes(found: Mapping[str, Category], model: str) -> Claim:
    title = MODELS[model]
    excesses = _excesses(found, title)
    apart = any(judged(*excess) == "confirmed" for excess in excesses.values())
    listed = "; ".join(f"{kind} {with_uncertainty(*e)}" for kind, e in excesses.items())
    return Claim(
        f"A {title}'s muons pass for simulated ones",
        "not confirmed" if apart else "confirmed",
        f"AUC of boosted trees less that of simulated among simulated muons: {listed}",
    )


def _correlated(found: Mapping[str, Category], model: str) -> Claim:
    title = MODELS[model]
    spreads = {
        kind: [c.comparison.row(row).distances[title].spreads for row in ("correlations", "pairs")]
        for kind, c in found.items()
    }
    apart = any(max(values) > _AT_FLOOR for values in spreads.values())
    listed = "; ".join(f"{kind} {a:+.1f} and {b:+.1f}" for kind, (a, b) in spreads.items())
    return Claim(
        f"A {title} reproduces how the variables go together",
        "not confirmed" if apart else "confirmed",
        "spreads above the distance of simulated from simulated muons, correlations and "
        f"two-dimensional histograms: {listed}",
    )


def _faster(rates: Mapping[str, float]) -> Claim:
    factor = rates["GAN, HDF5"] / rates["Pythia, of weight one"]
    return Claim(
        "A GAN is six orders of magnitude faster than the simulation",
        "confirmed" if factor >= PUBLISHED_SPEED else "not confirmed",
        f"a factor of {factor:.3g} over Pythia alone, both with writing, on one machine; the "
        "published simulation also has GEANT4 carry everything through the target, and is not "
        "made here",
    )


def _nearer(found: Mapping[str, Category]) -> Claim:
    gan, vae = (MODELS[model] for model in ("gan", "vae"))
    pairs = [(c.merits[vae].auc, c.merits[gan].auc) for c in found.values()]
    mean, error = mean_difference(pairs)
    return Claim(
        "The GAN's muons are nearer to the simulation than the VAE's (asked here)",
        judged(mean, error),
        f"AUC of boosted trees, VAE less GAN, mean of {len(pairs)} categories: "
        f"{with_uncertainty(mean, error)}",
    )


def _aimed(shares: Mapping[str, Share]) -> list[Claim]:
    return [
        Claim(
            f"{ways} fills a chosen region (asked here)",
            judged(*_gain(shares[title], shares["simulated"])),
            f"share of its muons in the region {_percent(shares[title])}, of the simulated ones "
            f"{_percent(shares['simulated'])}",
        )
        for title, ways in (
            ("VAE, codes of the region", "A VAE, from codes of training muons,"),
            ("GAN, told of the region", "A GAN that is told of the region"),
        )
    ]


def _gain(share: Share, base: Share) -> tuple[float, float]:
    return share.value - base.value, math.hypot(share.error, base.error)


def _percent(share: Share) -> str:
    return with_uncertainty(100 * share.value, 100 * share.error) + " %"


def _rates(folder: Path, test: ParticleCloud) -> dict[str, float]:
    """Muons a second, writing included; of Pythia also in muons that fluctuate as equal ones."""
    import uproot

    said = {name: open_source(folder / f"{name}.h5").attributes for name in ("muons", "gan", "vae")}
    simulated = float(said["muons"]["jets_per_second"])
    equal = effective_size(test.weights.double().numpy()) / len(test)
    with uproot.open(folder / "gan.root") as file:
        root = json.loads(str(file["attributes"]))
    return {
        "Pythia, weighted": simulated,
        "Pythia, of weight one": simulated * equal,
        "GAN, HDF5": float(said["gan"]["jets_per_second"]),
        "GAN, ROOT": float(root["jets_per_second"]),
        "VAE, HDF5": float(said["vae"]["jets_per_second"]),
    }


def _shares(
    folder: Path, region: Region, category: Category, seen: ParticleCloud
) -> dict[str, Share]:
    """Simulated and generated muons, those made anywhere and those aimed at the region."""
    real = category.real
    inside = region.select(real.observables)
    reference = real[inside]

    def share(muons: Measured) -> Share:
        chosen = region.select(muons.observables)
        value, error = weighted_share(chosen, muons.relative.weights)
        found = muons[chosen]
        enough = min(len(found), len(reference)) >= FEWEST
        test = merit(reference.relative, found.relative) if enough else None
        return Share(value, error, found, test)

    aimed = {
        "VAE, codes of the region": measured(read(folder / "region-vae.h5")),
        "GAN, told of the region": measured(read(folder / "region-gan.h5")),
    }
    simulated = share(measured(seen))
    value, error = weighted_share(inside, real.relative.weights)
    return {
        "simulated": simulated._replace(value=value, error=error, inside=reference),
        **{title: share(muons) for title, muons in (category.muons | aimed).items()},
    }


def _searched(model: TrainedModel, region: Region) -> tuple[Search, Drawing]:
    """How well the codes know of the region, and where it is among them."""
    muons = model.held_out()
    inside = region.select(measure_muons(muons))
    latent = latent_space(model, muons)
    components, _ = principal_components(latent)
    active = order(latent)[:2].tolist()
    with figure_style():
        figure = latent_region(
            {
                "Principal component": components,
                "Code column": latent.mean[:, active],
            },
            {f"z{column + 1}": latent.mean[:, column] for column in order(latent)[:4].tolist()},
            inside,
            region.text,
        )
    drawing = Drawing(
        "region_codes",
        f"Where the region lives among the VAE's codes: mu-{AIMED}",
        "Mean codes of held-out muons, those of the region in colour; below the densities of the "
        "columns, each of area one.",
        figure,
    )
    return search_region(latent.mean, inside), drawing


def _answer(
    found: Mapping[str, Category], rates: Mapping[str, float], shares: Mapping[str, Share]
) -> str:
    parts = []
    for title in MODELS.values():
        areas = [c.merits[title].auc for c in found.values()]
        parts.append(
            f"Boosted trees tell the {title}'s muons from simulated ones with an AUC of "
            f"{min(areas):.2f} to {max(areas):.2f} (0.5 for equal ones)."
        )
    factor = rates["GAN, HDF5"] / rates["Pythia, of weight one"]
    parts.append(f"The GAN makes {factor:.0f} times as many muons a second as Pythia alone.")
    shown = ("simulated", "VAE, codes of the region", "GAN, told of the region")
    listed = ", ".join(f"{_percent(shares[title])} ({title})" for title in shown)
    parts.append(f"In the region lie {listed}.")
    return " ".join(parts)


def _merits(found: Mapping[str, Category]) -> Table:
    def text(test: FigureOfMerit) -> str:
        area = with_uncertainty(test.auc, test.auc_error)
        return f"{area}; {test.chi2:.2f}; {test.overlap:.3f}"

    return Table(
        "figure_of_merit",
        "Boosted trees' test: AUC; reduced chi-squared; overlap",
        ["category", "simulated among simulated", *MODELS.values()],
        [
            [f"mu-{kind}", text(c.same), *(text(c.merits[title]) for title in MODELS.values())]
            for kind, c in found.items()
        ],
        "On all columns of a muon, simulated ones by their weights, on muons that neither the "
        "models nor the trees were trained on. Equal samples have 0.5, about 1 and 1.",
    )


def _numbers(folder: Path, test: ParticleCloud) -> Table:
    made = read(folder / "gan.h5")
    weights = [float(of_kind(test, kind).weights.double().sum()) for kind in KINDS]
    counts = [len(of_kind(made, kind)) for kind in KINDS]
    return Table(
        "numbers",
        "The four categories in one file",
        ["category", "simulated share of the weight [%]", "generated (GAN)", "share [%]"],
        [
            [
                f"mu-{kind}",
                f"{100 * weight / sum(weights):.4f}",
                str(count),
                with_uncertainty(
                    100 * count / sum(counts), 100 * math.sqrt(max(1, count)) / sum(counts)
                ),
            ]
            for kind, weight, count in zip(KINDS, weights, counts, strict=True)
        ],
        "Numbers are Poisson about the shares of the training file's weight; the first column is "
        "of other simulated muons.",
    )


def _distances(kind: str, category: Category) -> Table:
    comparison = category.comparison

    def row(found: Row) -> list[str]:
        unit = found.quantity.unit
        title = found.quantity.observable.title + (f" [{unit}]" if unit else "")
        cells = [cell(found, name).number for name in comparison.samples]
        return [title, floor_cell(found), *cells]

    return Table(
        f"distances_{kind.replace('-', '_')}",
        f"1-Wasserstein distances: mu-{kind}",
        ["variable", "simulated from simulated", *comparison.samples],
        [row(found) for found in comparison.rows],
        f"{comparison.jets} against {comparison.jets} muons, ± from {comparison.replicas} "
        "bootstrap resamplings; the last two rows are no Wasserstein distances but those of the "
        "correlation matrices and of the two-dimensional histograms.",
    )


def _region_table(shares: Mapping[str, Share], search: Search, region: Region) -> Table:
    def row(title: str, share: Share) -> list[str]:
        if share.merit is None:
            return [title, _percent(share), str(len(share.inside)), "too few", "–", "–"]
        test = share.merit
        area = with_uncertainty(test.auc, test.auc_error)
        numbers = [f"{test.chi2:.2f}", f"{test.overlap:.3f}"]
        return [title, _percent(share), str(len(share.inside)), area, *numbers]

    return Table(
        "region",
        f"The region {region.text}: mu-{AIMED}",
        ["muons", "in the region", "number there", "AUC there", "chi-squared", "overlap"],
        [row(title, share) for title, share in shares.items()],
        "Boosted trees' test within the region against simulated muons there; the first row is of "
        "simulated muons of the training file. From the VAE's codes a linear classifier finds the "
        f"region with an AUC of {with_uncertainty(search.linear.auc, search.linear.auc_error)}, "
        f"boosted trees with {with_uncertainty(search.trees.auc, search.trees.auc_error)}.",
    )


def _speed(rates: Mapping[str, float]) -> Table:
    base = rates["Pythia, of weight one"]
    return Table(
        "throughput",
        "Muons a second, writing included",
        ["source", "a second", "over Pythia, of weight one"],
        [[source, f"{rate:,.0f}", f"{rate / base:.3g}"] for source, rate in rates.items()],
        "Simulated muons have weights, since decays are forced; as many of weight one as would "
        "fluctuate like them are fewer. Generated muons have weight one.",
    )


def _curves(folder: Path) -> Iterator[Drawing]:
    for model, title in MODELS.items():
        histories = {
            f"mu-{kind}": next(iter(read_history(folder / f"{model}-{kind}/metrics.csv").values()))
            for kind in KINDS
        }
        with figure_style():
            yield Drawing(
                f"figure_of_merit_{model}",
                f"Boosted trees' test during the training: {title}",
                "Of generated against validation muons; dotted is what equal samples have.",
                monitored_curves(histories),
            )


def _spectra(folder: Path, test: ParticleCloud) -> Iterator[Drawing]:
    real = {f"mu-{kind}": measured(of_kind(test, kind)) for kind in KINDS}
    for model, title in MODELS.items():
        made = read(folder / f"{model}.h5")
        generated = {f"mu-{kind}": measured(of_kind(made, kind)) for kind in KINDS}
        shown = (*DECADES, MOMENTUM[0], *START)
        totals = float(test.weights.double().sum()), float(len(made))
        with figure_style():
            yield Drawing(
                f"spectra_{model}",
                f"All categories in their real ratios: {title}",
                "Points are simulated muons by weight, lines generated ones.",
                class_spectra(real, generated, shown, totals),
            )


def _overlays(found: Mapping[str, Category]) -> Iterator[Drawing]:
    for kind in ("plus-prompt", "plus-displaced"):
        category = found[kind]
        shown = [
            q for q in QUANTITIES if q.name in [r.quantity.name for r in category.comparison.rows]
        ]
        with figure_style():
            yield Drawing(
                f"variables_{kind.replace('-', '_')}",
                f"Simulated against generated: mu-{kind}",
                "Below each the ratio to the simulated muons and the pull.",
                distributions(category.real, category.muons, shown, lines(list(MODELS.values()))),
            )


def _planes(found: Mapping[str, Category]) -> Iterator[Drawing]:
    for kind in ("plus-prompt", "plus-displaced"):
        category = found[kind]
        known = [o for o in _PLANE if all(o.name in m.observables for m in category.muons.values())]
        with figure_style():
            yield Drawing(
                f"pairs_{kind.replace('-', '_')}",
                f"Every pair of variables: mu-{kind}",
                "Share of muons in each bin; above generated ones the distance of the histograms, "
                "and what it is for equal samples.",
                pair_planes(category.real, category.muons, list(combinations(known, 2))),
            )


def _region_drawing(shares: Mapping[str, Share]) -> Drawing:
    aimed = [title for title in shares if title.endswith("of the region")]
    samples = {t: shares[t].inside for t in aimed if len(shares[t].inside) >= FEWEST}
    with figure_style():
        return Drawing(
            "region_variables",
            f"Within the region: mu-{AIMED}",
            "Simulated muons of the region, and generated ones that lie in it.",
            distributions(shares["simulated"].inside, samples, QUANTITIES, lines(list(samples))),
        )
