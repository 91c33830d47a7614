"""The results of the muon study: quality, speed, and generation of muons of a region."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.classifiers.region_search import Search
from jetgen.cloud import ParticleCloud
from jetgen.datasets.reading import read
from jetgen.metrics.trainings import TrainingMean
from jetgen.physics.region import Region
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
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study
from jetgen.studies.distance_table import distance_table
from jetgen.studies.muon_figures import (
    curves,
    overlays,
    planes,
    region_codes,
    region_variables,
    spectra,
)
from jetgen.studies.muon_samples import (
    AIMED,
    AIMED_GAN,
    AIMED_VAE,
    KINDS,
    MODELS,
    SIMULATED,
    SIMULATION,
    Category,
    Share,
    measured_category,
    of_kind,
    region_shares,
    throughput,
)

PUBLISHED_SPEED = 1e6
_ASKED = {"gan": "", "vae": " (asked here)"}
"""The addition to claims by model: published claims are about GANs only."""

_AT_FLOOR = 3.0
"""Largest excess over the floor, in its σ, for generated muons to agree with simulated ones."""

_AUC_MARGIN = 0.02
"""Largest excess of an AUC over that of simulated muons for samples that agree."""


def conclude(study: Study) -> Conclusion:
    """Measure every run of the study and check the published claims."""
    folder = study.folder
    test, seen = (read(study.file(name)) for name in ("test", "muons"))
    found = {kind: measured_category(folder, kind, test, seen) for kind in KINDS}
    rates = throughput(study, test)
    region = Region(study.settings["region"])
    shares = region_shares(folder, region, found[AIMED], of_kind(seen, AIMED))
    search, codes = region_codes(load(folder / f"vae-{AIMED}"), region)
    claims = [
        *(_passes(found, model) for model in MODELS),
        *(_correlated(found, model) for model in MODELS),
        *_faster(rates),
        _nearer(found),
        *_aimed(shares),
    ]
    return Conclusion(
        answer=_answer(found, rates, shares),
        claims=claims,
        tables=[
            _merits(found),
            _numbers(folder, test),
            *(
                distance_table(
                    f"distances_{kind.replace('-', '_')}", f"mu-{kind}", c.comparison, "muons"
                )
                for kind, c in found.items()
            ),
            _region_table(shares, search, region),
            _speed(rates),
        ],
        drawings=[
            *curves(folder),
            *spectra(folder, test),
            *overlays(found),
            *planes(found),
            codes,
            region_variables(shares),
        ],
    )


def _excess(first: FigureOfMerit, second: FigureOfMerit) -> TrainingMean:
    """The difference of two AUCs, with the statistical error of the tested muons."""
    return TrainingMean(first.auc - second.auc, math.hypot(first.auc_error, second.auc_error))


def _listed(found: Mapping[str, TrainingMean]) -> str:
    return "; ".join(f"{kind} {with_uncertainty(e.value, e.error)}" for kind, e in found.items())


def _passes(found: Mapping[str, Category], model: str) -> Claim:
    title = MODELS[model]
    excesses = {kind: _excess(c.merits[title], c.same) for kind, c in found.items()}
    return Claim(
        f"The muons of a {title} agree with simulated ones" + _ASKED[model],
        judged_alike(excesses, dict.fromkeys(excesses, _AUC_MARGIN)),
        "AUC of boosted trees minus that of simulated against simulated muons, at most "
        f"{_AUC_MARGIN} for samples that agree: {_listed(excesses)}",
        f"{basis_of(excesses)}; errors of the test muons only",
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
        f"A {title} reproduces the correlations of variables" + _ASKED[model],
        "not confirmed" if apart else "confirmed",
        "excess over the simulated-vs-simulated floor in its σ, correlations and "
        f"two-dimensional histograms: {listed}",
        f"1 training each; {_AT_FLOOR:.0f} σ above the floor",
    )


def _faster(rates: Mapping[str, float]) -> list[Claim]:
    """The claim on the speed, if the speed of the simulation is known."""
    if SIMULATION not in rates:
        return []
    factor = rates["GAN, HDF5"] / rates[SIMULATION]
    return [
        Claim(
            "A GAN is six orders of magnitude faster than the simulation",
            "confirmed" if factor >= PUBLISHED_SPEED else "not confirmed",
            f"a factor of {factor:.3g} over Pythia alone, both with writing, on one machine; the "
            "published simulation also includes GEANT4, which is not run here",
            "1 measurement",
        )
    ]


def _nearer(found: Mapping[str, Category]) -> Claim:
    gan, vae = (MODELS[model] for model in ("gan", "vae"))
    gains = {kind: _excess(c.merits[vae], c.merits[gan]) for kind, c in found.items()}
    return Claim(
        "The GAN's muons agree better with the simulation than the VAE's (asked here)",
        judged_all(gains),
        f"AUC of boosted trees, VAE minus GAN: {_listed(gains)}",
        f"{basis_of(gains)}; errors of the test muons only",
    )


def _aimed(shares: Mapping[str, Share]) -> list[Claim]:
    gains = {title: _gain(shares[title], shares[SIMULATED]) for title in (AIMED_VAE, AIMED_GAN)}
    return [
        Claim(
            f"{ways} generates muons of a chosen region (asked here)",
            judged(gains[title]),
            f"share of its muons in the region {_percent(shares[title])}, of all simulated ones "
            f"{_percent(shares[SIMULATED])}; AUC of boosted trees there {_there(shares[title])}",
            f"{gains[title].basis}; errors of the test muons only",
        )
        for title, ways in (
            (AIMED_VAE, "A VAE, from codes of training muons,"),
            (AIMED_GAN, "A GAN conditioned on the region"),
        )
    ]


def _there(share: Share) -> str:
    if share.merit is None:
        return "not available, too few muons"
    return with_uncertainty(share.merit.auc, share.merit.auc_error)


def _gain(share: Share, base: Share) -> TrainingMean:
    return TrainingMean(share.value - base.value, math.hypot(share.error, base.error))


def _percent(share: Share) -> str:
    return with_uncertainty(100 * share.value, 100 * share.error) + " %"


def _answer(
    found: Mapping[str, Category], rates: Mapping[str, float], shares: Mapping[str, Share]
) -> str:
    parts = []
    for title in MODELS.values():
        areas = [c.merits[title].auc for c in found.values()]
        parts.append(
            f"Boosted trees separate the {title}'s muons from simulated ones with an AUC of "
            f"{min(areas):.2f} to {max(areas):.2f} (0.5 for equal distributions)."
        )
    if SIMULATION in rates:
        factor = rates["GAN, HDF5"] / rates[SIMULATION]
        parts.append(f"The GAN makes {factor:.0f} times as many muons per second as Pythia alone.")
    shown = (SIMULATED, AIMED_VAE, AIMED_GAN)
    listed = ", ".join(f"{_percent(shares[title])} ({title})" for title in shown)
    parts.append(f"Share of muons in the region: {listed}.")
    return " ".join(parts)


def _merits(found: Mapping[str, Category]) -> Table:
    def text(test: FigureOfMerit) -> str:
        area = with_uncertainty(test.auc, test.auc_error)
        return f"{area}; {test.chi2:.2f}; {test.overlap:.3f}"

    return Table(
        "figure_of_merit",
        "Boosted trees: AUC; reduced chi-squared; overlap",
        ["category", "simulated against simulated", *MODELS.values()],
        [
            [f"mu-{kind}", text(c.same), *(text(c.merits[title]) for title in MODELS.values())]
            for kind, c in found.items()
        ],
        "On all columns of a muon, with the weights of simulated ones, for muons that were not "
        "used to train models or trees. Samples of one distribution have 0.5, about 1 and 1.",
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
        "Generated numbers are Poisson-distributed around the shares of the weight in the training "
        "file; the first column is from other simulated muons.",
    )


def _region_table(shares: Mapping[str, Share], search: Search, region: Region) -> Table:
    def row(title: str, share: Share) -> list[str]:
        test = share.merit
        numbers = ["–", "–"] if test is None else [f"{test.chi2:.2f}", f"{test.overlap:.3f}"]
        return [title, _percent(share), str(len(share.inside)), _there(share), *numbers]

    return Table(
        "region",
        f"The region {region.text}: mu-{AIMED}",
        [
            "muons",
            "in the region",
            "number in the region",
            "AUC in the region",
            "chi-squared",
            "overlap",
        ],
        [row(title, share) for title, share in shares.items()],
        "AUC: boosted trees against simulated muons, both within the region; the first row is for "
        "simulated muons of the training file. From the VAE's codes a linear classifier finds the "
        f"region with an AUC of {with_uncertainty(search.linear.auc, search.linear.auc_error)}, "
        f"boosted trees with {with_uncertainty(search.trees.auc, search.trees.auc_error)}.",
    )


def _speed(rates: Mapping[str, float]) -> Table:
    base = rates.get(SIMULATION, math.nan)
    return Table(
        "throughput",
        "Muons per second, including writing",
        ["source", "per second", "ratio to Pythia, of weight one"],
        [
            [source, f"{rate:,.0f}", "–" if math.isnan(base) else f"{rate / base:.3g}"]
            for source, rate in rates.items()
        ],
        "Simulated muons have weights because decays are forced; their effective number, of muons "
        "of weight one, is smaller. Generated muons have weight one.",
    )
