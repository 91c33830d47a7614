"""The results of the muon study: quality, speed, and generation of muons of a region."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.classifiers.region_search import Search
from jetgen.cloud import ParticleCloud
from jetgen.datasets.reading import read
from jetgen.metrics.trainings import TrainingMean, mean_of, paired_difference
from jetgen.physics.region import Region
from jetgen.reports.findings import (
    Claim,
    Conclusion,
    Table,
    basis_of,
    judged,
    judged_alike,
)
from jetgen.reports.formatting import with_uncertainty
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study
from jetgen.studies.distance_table import distance_table
from jetgen.studies.muon_ablation import ablation_areas, ablation_table, helped
from jetgen.studies.muon_figures import (
    curves,
    evolution,
    outputs,
    overlays,
    planes,
    region_codes,
    region_plane,
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
    Category,
    Share,
    measured,
    measured_category,
    of_kind,
    region_shares,
    runs_of,
)
from jetgen.studies.muon_speed import SIMULATION, parts, parts_table, speed_table, throughput
from jetgen.studies.muon_tails import tails_figure, tails_of, tails_table, tricked

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
    tails = tails_of(found[AIMED], measured(of_kind(seen, AIMED)), region)
    ablations = ablation_areas(folder, found[AIMED])
    search, codes = region_codes(load(runs_of(folder, "vae", AIMED)[0]), region)
    claims = [
        *(_passes(found, model) for model in MODELS),
        *(_correlated(found, model) for model in MODELS),
        *_faster(rates),
        *_nearer(found),
        tricked(tails, _AUC_MARGIN),
        helped(ablations),
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
                    f"distances_{kind.replace('-', '_')}",
                    f"mu-{kind}",
                    c.comparison,
                    {title: c.samples(title) for title in c.trained},
                    "muons",
                )
                for kind, c in found.items()
            ),
            _region_table(shares, search, region),
            tails_table(tails, region),
            ablation_table(ablations),
            speed_table(rates),
            parts_table(parts(folder)),
        ],
        drawings=[
            *curves(folder),
            *spectra(folder, test),
            *overlays(found),
            *planes(found),
            codes,
            evolution(folder, found[AIMED]),
            *outputs(found),
            region_variables(shares),
            region_plane(shares),
            tails_figure(tails),
        ],
    )


def _listed(found: Mapping[str, TrainingMean]) -> str:
    return "; ".join(f"{kind} {with_uncertainty(e.value, e.error)}" for kind, e in found.items())


def _passes(found: Mapping[str, Category], model: str) -> Claim:
    title = MODELS[model]
    excesses = {
        kind: mean_of([area - c.same.auc for area in c.areas(title)]) for kind, c in found.items()
    }
    return Claim(
        f"The muons of a {title} agree with simulated ones" + _ASKED[model],
        judged_alike(excesses, dict.fromkeys(excesses, _AUC_MARGIN)),
        "AUC of boosted trees minus that of simulated against simulated muons, mean over seeds, "
        f"at most {_AUC_MARGIN} for samples that agree: {_listed(excesses)}",
        basis_of(excesses),
    )


def _correlated(found: Mapping[str, Category], model: str) -> Claim:
    title = MODELS[model]
    spreads = {
        f"{kind}, {row}": mean_of(c.spreads(title, row))
        for kind, c in found.items()
        for row in ("correlations", "pairs")
    }
    trainings = next(iter(spreads.values())).trainings
    return Claim(
        f"A {title} reproduces the correlations of variables" + _ASKED[model],
        judged_alike(spreads, dict.fromkeys(spreads, _AT_FLOOR)),
        "excess over the simulated-vs-simulated floor in its σ, mean over seeds, at most "
        f"{_AT_FLOOR:.0f} for samples that agree; correlations and two-dimensional histograms: "
        f"{_listed(spreads)}",
        f"{trainings} trainings each; 90 % intervals",
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


def _nearer(found: Mapping[str, Category]) -> list[Claim]:
    """One claim per category: a mean over categories of opposite signs says nothing."""
    gan, vae = (MODELS[model] for model in ("gan", "vae"))
    claims = []
    for kind, category in found.items():
        gain = paired_difference(category.areas(vae), category.areas(gan))
        claims.append(
            Claim(
                f"The GAN's muons agree better with the simulation than the VAE's: mu-{kind} "
                "(asked here)",
                judged(gain),
                "AUC of boosted trees, VAE minus GAN, mean over seeds: "
                f"{with_uncertainty(gain.value, gain.error)}",
                gain.basis,
            )
        )
    return claims


def _aimed(shares: Mapping[str, Share]) -> list[Claim]:
    gains = {title: _gain(shares[title], shares[SIMULATED]) for title in (AIMED_VAE, AIMED_GAN)}
    return [
        Claim(
            f"{ways} generates muons of a chosen region (asked here)",
            judged(gains[title]),
            f"share of its muons in the region {_percent(shares[title])}, of all simulated ones "
            f"{_percent(shares[SIMULATED])}; AUC of boosted trees there {_there(shares[title])}",
            gains[title].basis,
        )
        for title, ways in (
            (AIMED_VAE, "A VAE, from codes of training muons,"),
            (AIMED_GAN, "A GAN conditioned on the region"),
        )
    ]


def _there(share: Share) -> str:
    if share.area is None:
        return "not available, too few muons"
    return with_uncertainty(share.area.value, share.area.error)


def _gain(share: Share, base: Share) -> TrainingMean:
    """The difference of two shares; the error of the simulated one is added to the spread."""
    value, simulated = share.value, base.value
    error = math.hypot(value.error, simulated.error)
    return replace(value, value=value.value - simulated.value, error=error)


def _percent(share: Share) -> str:
    return with_uncertainty(100 * share.value.value, 100 * share.value.error) + " %"


def _answer(
    found: Mapping[str, Category], rates: Mapping[str, float], shares: Mapping[str, Share]
) -> str:
    parts = []
    for title in MODELS.values():
        areas = [statistics.fmean(c.areas(title)) for c in found.values()]
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
    def cell(tests: Sequence[FigureOfMerit]) -> str:
        area = mean_of([test.auc for test in tests])
        chi2, overlap = (
            statistics.fmean(values)
            for values in zip(*((test.chi2, test.overlap) for test in tests), strict=True)
        )
        return f"{with_uncertainty(area.value, area.error)}; {chi2:.2f}; {overlap:.3f}"

    def same(test: FigureOfMerit) -> str:
        area = with_uncertainty(test.auc, test.auc_error)
        return f"{area}; {test.chi2:.2f}; {test.overlap:.3f}"

    return Table(
        "figure_of_merit",
        "Boosted trees: AUC; reduced chi-squared; overlap",
        ["category", "trainings", "simulated against simulated", *MODELS.values()],
        [
            [
                f"mu-{kind}",
                str(len(next(iter(c.merits.values())))),
                same(c.same),
                *(cell(c.merits[title]) for title in MODELS.values()),
            ]
            for kind, c in found.items()
        ],
        "On all columns of a muon, with the weights of simulated ones, for muons that were not "
        "used to train models or trees. Samples of one distribution have 0.5, about 1 and 1. "
        "Models: mean over trainings, ± its error; simulated muons: ± of the test muons.",
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
        trainings = str(share.value.trainings) if title != SIMULATED else "–"
        inside = str(len(share.inside))
        return [title, trainings, _percent(share), inside, _there(share), *numbers]

    return Table(
        "region",
        f"The region {region.text}: mu-{AIMED}",
        [
            "muons",
            "trainings",
            "in the region",
            "number in the region",
            "AUC in the region",
            "chi-squared",
            "overlap",
        ],
        [row(title, share) for title, share in shares.items()],
        "Shares and AUC: mean over trainings and its error; numbers, chi-squared and overlap: "
        "first training. AUC: boosted trees against simulated muons, both within the region; the "
        "first row is for simulated muons of the training file. From the VAE's codes a linear "
        "classifier finds the region with an AUC of "
        f"{with_uncertainty(search.linear.auc, search.linear.auc_error)}, "
        f"boosted trees with {with_uncertainty(search.trees.auc, search.trees.auc_error)}.",
    )
