"""Boosted trees on the tails of the muon study: in bins, in the region, and flat in log p.

Most of the weight of simulated muons is at small momenta, so that trees on all muons hardly see the
tails. A calibration says how little: simulated muons whose tail is spoiled on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import hypot, log10
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.figure_of_merit import FEWEST_CLASSIFIED, FigureOfMerit
from jetgen.metrics.trainings import TrainingMean, mean_of
from jetgen.metrics.weighted_quantiles import weighted_quantiles
from jetgen.physics.observables import MeasuredSets
from jetgen.physics.region import Region
from jetgen.reports.figures.points_with_errors import Points, points_with_errors
from jetgen.reports.findings import Claim, FindingFigure, Table, both, judged, judged_alike
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style
from jetgen.studies.muon_samples import AIMED, SIMULATED, Category, merit
from jetgen.weights import effective_size

SPOILED = "simulated, a tail of 5 % removed"
_REMOVED = 0.05
"""Share of the weight that the spoiled sample lacks, at the largest momenta."""

_SHARES = (0.5, 0.8, 0.95)
"""Shares of the weight below the edges between bins."""

_BINNED = {"p": "p", "pt": "pT"}
_FLAT_BINS = 20
ALL, FLAT, REGION = "all muons", "flat in log p", "in the region"


class Bin(NamedTuple):
    """A range of an observable [GeV], and the median of simulated muons in it."""

    name: str
    low: float
    high: float
    median: float

    @property
    def title(self) -> str:
        if self.high == torch.inf:
            return f"{_BINNED[self.name]} > {self.low:.2g}"
        return f"{self.low:.2g} < {_BINNED[self.name]} < {self.high:.2g}"

    def select(self, muons: MeasuredSets) -> Tensor:
        values = muons.observables[self.name]
        return (values > self.low) & (values <= self.high)


class Tails(NamedTuple):
    """The AUC of trees on each test, by sample; a test with too few muons is missing."""

    bins: Sequence[Bin]
    areas: Mapping[str, Mapping[str, TrainingMean]]


def tails_of(category: Category, seen: MeasuredSets, region: Region) -> Tails:
    """Every test for the models of one category, for simulated muons, and for spoiled ones.

    Args:
        category: its simulated muons, and those of each model and training.
        seen: other simulated muons of the category.
        region: of the test within it.
    """
    real = category.real
    bins = [each for name in _BINNED for each in bins_of(real, name)]
    samples = {SIMULATED: [seen], SPOILED: [spoiled(seen)], **category.trained}
    areas = {name: _areas(real, made, bins, region) for name, made in samples.items()}
    return Tails(bins, areas)


def bins_of(real: MeasuredSets, name: str) -> list[Bin]:
    """Bins of an observable with falling shares of the weight, and the last one open."""
    values, weights = real.observables[name], real.weights
    levels = [0.0, *_SHARES, 1.0]
    middle = [(low + high) / 2 for low, high in pairwise(levels)]
    inner, medians = (
        weighted_quantiles(values.numpy(), each, weights.double().numpy()).tolist()
        for each in (_SHARES, middle)
    )
    edges = [0.0, *inner, torch.inf]
    return [Bin(name, *ends, median) for ends, median in zip(pairwise(edges), medians, strict=True)]


def spoiled(muons: MeasuredSets) -> MeasuredSets:
    """The muons without those of the largest momenta, 5 % of the weight."""
    momenta = muons.observables["p"]
    weights = muons.weights.double().numpy()
    (cut,) = weighted_quantiles(momenta.numpy(), (1 - _REMOVED,), weights)
    return muons[momenta <= float(cut)]


def flattened(muons: MeasuredSets, real: MeasuredSets) -> MeasuredSets:
    """Muons whose weights are divided by the density of real ones in log p.

    Simulated muons are then flat in log p between the edges of the central 99.8 % of their weight;
    muons beyond count like those of the outermost bins.
    """
    decades, weights = real.observables["log_p"], real.weights.double()
    low, high = weighted_quantiles(decades.numpy(), (0.001, 0.999), weights.numpy()).tolist()
    edges = torch.linspace(low, high, _FLAT_BINS + 1, dtype=torch.float64)[1:-1]
    density = torch.bincount(torch.bucketize(decades, edges), weights, _FLAT_BINS)
    place = torch.bucketize(muons.observables["log_p"], edges)
    smallest = density[density > 0].min()
    flat = muons.weights.double() / density.clamp(min=smallest)[place]
    return MeasuredSets(
        muons.relative.replace(weights=flat / flat.mean()), muons.observables, muons.kind
    )


def _areas(
    real: MeasuredSets, made: Sequence[MeasuredSets], bins: Sequence[Bin], region: Region
) -> dict[str, TrainingMean]:
    tests = {ALL: [(real, muons) for muons in made]}
    tests[FLAT] = [(flattened(real, real), flattened(muons, real)) for muons in made]
    for each in bins:
        tests[each.title] = [(real[each.select(real)], m[each.select(m)]) for m in made]
    inside = region.select(real.observables)
    tests[REGION] = [(real[inside], m[region.select(m.observables)]) for m in made]
    return {
        name: _mean([merit(one.relative, other.relative) for one, other in pairs])
        for name, pairs in tests.items()
        if all(min(_counted(one), _counted(other)) >= FEWEST_CLASSIFIED for one, other in pairs)
    }


def _counted(muons: MeasuredSets) -> float:
    """Effective number of muons; zero of none."""
    return min(float(len(muons)), effective_size(muons.weights)) if len(muons) else 0.0


def _mean(tests: Sequence[FigureOfMerit]) -> TrainingMean:
    """Over trainings; of one sample with the statistical error of its muons."""
    if len(tests) == 1:
        return TrainingMean(tests[0].auc, tests[0].auc_error)
    return mean_of([test.auc for test in tests])


def tricked(tails: Tails, margin: float) -> Claim:
    """The claim that muons that are right in the bulk and wrong in the tail pass the trees."""
    whole, flat = (_excess(tails, test) for test in (ALL, FLAT))
    return Claim(
        "A sample that is good in the bulk and spoiled in the tail tricks trees on all muons, "
        "not those on muons flat in log p (asked here)",
        both(judged_alike({ALL: whole}, {ALL: margin}), judged(flat)),
        f"AUC of simulated mu-{AIMED} without {_REMOVED:.0%} of the weight at the largest momenta, "
        f"minus that of the same muons with their tail: {_text(whole)} (at most {margin} for "
        f"samples that agree), flat in log p {_text(flat)}",
        "statistical errors of the test muons; 90 % interval of the first number",
    )


def _excess(tails: Tails, test: str) -> TrainingMean:
    """The change of an AUC by the spoiled tail, with errors as of independent muons."""
    whole, part = tails.areas[SIMULATED][test], tails.areas[SPOILED][test]
    return TrainingMean(part.value - whole.value, hypot(part.error, whole.error))


def _text(area: TrainingMean) -> str:
    return with_uncertainty(area.value, area.error)


def tails_table(tails: Tails, region: Region) -> Table:
    tests = [ALL, FLAT, *(each.title for each in tails.bins), REGION]
    return Table(
        "tails",
        f"AUC of boosted trees in the bulk and in the tails: mu-{AIMED}",
        ["muons", *tests],
        [
            [name, *(_text(areas[test]) if test in areas else "–" for test in tests)]
            for name, areas in tails.areas.items()
        ],
        "Trees are trained for each column on simulated and generated muons of it alone; momenta "
        f"in GeV; the region is {region.text}. Flat in log p: both kinds are weighted by the "
        "inverse density of simulated muons, in training and test. Models: mean over trainings "
        "and its error; simulated muons: statistical error. –: fewer than "
        f"{FEWEST_CLASSIFIED} muons (of weight one).",
    )


def tails_figure(tails: Tails) -> FindingFigure:
    def points(name: str, areas: Mapping[str, TrainingMean]) -> Points:
        known = [each for each in tails.bins if each.name == name and each.title in areas]
        return [(log10(b.median), areas[b.title].value, areas[b.title].error) for b in known]

    panels = {
        f"AUC in bins of {title}": {
            sample: found for sample, areas in tails.areas.items() if (found := points(name, areas))
        }
        for name, title in _BINNED.items()
    }
    with figure_style():
        return FindingFigure(
            "tails",
            f"Boosted trees in bins of momentum: mu-{AIMED}",
            "Trees trained in each bin; 0.5 for equal distributions; points at the median of the "
            "bin.",
            points_with_errors(panels, r"$\log_{10}$ of p or pT in GeV"),
        )
