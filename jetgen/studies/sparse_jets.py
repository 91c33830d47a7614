"""The results of the sparse-jets study: distances of every run, and the published claims."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput, check
from jetgen.evaluation.comparison import Comparison, Distance, Row, compare_resampled
from jetgen.evaluation.metric_rows import efp_rows
from jetgen.evaluation.resampling import resample
from jetgen.physics.quantities import PARTICLE_MOMENTA, QUANTITIES
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.jet_images import jet_images
from jetgen.reports.findings import (
    Claim,
    Conclusion,
    FindingFigure,
    Table,
    Verdict,
    judged,
    mean_difference,
)
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style, lines
from jetgen.runs.trained_model import load

GAUSSIAN, FLOW = "Gaussian prior", "flow prior"
JET_VARIABLES = ("mass", "pt", "energy", "eta", "phi")
MOMENTA = tuple(quantity.name for quantity in PARTICLE_MOMENTA)
_SHOWN = (*JET_VARIABLES, *MOMENTA, "w1efp")
Pairs = Iterable[tuple[Distance, Distance]]
_PAIRS = [(network, terms) for network in ("dense", "conv") for terms in ("none", "mass-pt")]


class Measurement(NamedTuple):
    """The jets of a run and their distances."""

    checked: ComparisonInput
    comparison: Comparison

    def distance(self, quantity: str, sample: str) -> Distance:
        return self.comparison.row(quantity).distances[sample]


def conclude(folder: Path, settings: Mapping[str, Any]) -> Conclusion:
    """Measure every run of the study and check the published claims."""
    paths = sorted(path.parent for path in folder.glob("*/config.yaml"))
    runs = {path.name: _measured(path) for path in paths}
    claims = _claims(runs)
    return Conclusion(
        answer=_answer(runs, claims),
        claims=claims,
        tables=_tables(runs),
        drawings=list(_drawings(runs)),
    )


def _measured(path: Path) -> Measurement:
    run = load(path)
    real = run.held_out()
    samples = {
        RECONSTRUCTED: run.reconstruct(real),
        GAUSSIAN: run.generate(len(real), prior="gaussian"),
        FLOW: run.generate(len(real), prior="flow"),
    }
    checked = check(real, samples, run.training_jets())
    drawn = resample(checked, replicas=100, seed=1)
    table = compare_resampled(drawn, (*QUANTITIES, *PARTICLE_MOMENTA))
    return Measurement(checked, table.with_rows(efp_rows(drawn)))


def _claims(runs: Mapping[str, Measurement]) -> list[Claim]:
    published = [f"{n}-{loss}-{t}" for n, t in _PAIRS for loss in ("mse", "chamfer")]

    def losses(quantity: str) -> Pairs:
        for network, terms in _PAIRS:
            worse, better = (runs[f"{network}-{loss}-{terms}"] for loss in ("chamfer", "mse"))
            yield worse.distance(quantity, RECONSTRUCTED), better.distance(quantity, RECONSTRUCTED)

    def samples(worse: str, better: str) -> Callable[[str], Pairs]:
        def pairs(quantity: str) -> Pairs:
            for name in published:
                run = runs[name]
                yield run.distance(quantity, worse), run.distance(quantity, better)

        return pairs

    return [
        _ordered(
            "MSE reconstructs the jet mass better than Chamfer",
            {"mass": _difference(losses("mass"))},
            "W1 in GeV, Chamfer minus MSE, mean of four pairs of runs",
        ),
        _equal(
            "In other variables (jet pT, energy, η, φ) both losses are equally good",
            {name: _difference(losses(name)) for name in JET_VARIABLES if name != "mass"},
            "W1, Chamfer minus MSE, mean of four pairs of runs",
        ),
        _ordered(
            "Generated jets (Gaussian prior) are worse than reconstructed ones",
            {n: _difference(samples(GAUSSIAN, RECONSTRUCTED)(n)) for n in JET_VARIABLES[:3]},
            "W1 in GeV, Gaussian prior minus reconstructed, mean of eight runs",
        ),
        _ordered(
            "A normalizing-flow prior improves generated jets",
            {n: _difference(samples(GAUSSIAN, FLOW)(n)) for n in JET_VARIABLES[:3]},
            "W1 in GeV, Gaussian minus flow prior, mean of eight runs",
        ),
    ]


def _ordered(statement: str, found: Mapping[str, tuple[float, float]], what: str) -> Claim:
    """The claim that all differences are positive."""
    verdicts = {judged(*difference) for difference in found.values()}
    verdict: Verdict = "undecided"
    if verdicts == {"confirmed"}:
        verdict = "confirmed"
    elif "not confirmed" in verdicts:
        verdict = "not confirmed"
    return Claim(statement, verdict, f"{what}: {_listed(found)}")


def _equal(statement: str, found: Mapping[str, tuple[float, float]], what: str) -> Claim:
    """The claim that all differences are within two errors of zero."""
    apart = any(judged(*difference) != "undecided" for difference in found.values())
    return Claim(statement, "not confirmed" if apart else "confirmed", f"{what}: {_listed(found)}")


def _listed(found: Mapping[str, tuple[float, float]]) -> str:
    return "; ".join(f"{name} {with_uncertainty(*values)}" for name, values in found.items())


def _difference(pairs: Pairs) -> tuple[float, float]:
    """Mean of the differences of distances, and its error.

    The error is the larger of two: from the scatter of the pairs, which are separate trainings,
    and from the bootstrap errors of the distances.
    """
    pairs = list(pairs)
    mean, spread = mean_difference([(first.value, second.value) for first, second in pairs])
    bootstrap = math.sqrt(sum(d.uncertainty**2 for pair in pairs for d in pair)) / len(pairs)
    return mean, max(spread, bootstrap)


def _answer(runs: Mapping[str, Measurement], claims: Sequence[Claim]) -> str:
    def best(sample: str) -> str:
        name = min(runs, key=lambda run: runs[run].distance("mass", sample).value)
        distance = runs[name].distance("mass", sample)
        value = with_uncertainty(distance.value, distance.uncertainty)
        return f"{name} (W1 of the mass {value} GeV)"

    relative = _better(runs, "dense-mse-relative", "dense-mse-none")
    confirmed = sum(claim.verdict == "confirmed" for claim in claims)
    return (
        f"{confirmed} of {len(claims)} claims are confirmed at this scale. The mass is best "
        f"reconstructed by {best(RECONSTRUCTED)}, best generated by {best(FLOW)} with the flow "
        f"prior. Of the representations {relative} reconstructs the mass better (dense, MSE)."
    )


def _better(runs: Mapping[str, Measurement], relative: str, cartesian: str) -> str:
    values = {
        words: runs[name].distance("mass", RECONSTRUCTED).value
        for words, name in (("η, φ, pT", relative), ("px, py, pz", cartesian))
    }
    return min(values, key=lambda words: values[words])


def _tables(runs: Mapping[str, Measurement]) -> list[Table]:
    first = next(iter(runs.values())).comparison
    rows = [first.row(name) for name in _SHOWN]
    columns = ["run", *(_title(row) for row in rows)]
    floor = ["real against real", *(_cell(row, row.floor, row.floor_spread) for row in rows)]
    return [
        Table(
            f"distances_{sample.split()[0].lower()}",
            f"1-Wasserstein distances: {sample}",
            columns,
            [floor, *([name, *_cells(run.comparison, sample)] for name, run in runs.items())],
            f"{first.jets} against {first.jets} jets, ± from {first.replicas} bootstrap "
            "resamplings; the first line is the real-vs-real floor.",
        )
        for sample in (RECONSTRUCTED, GAUSSIAN, FLOW)
    ]


def _title(row: Row) -> str:
    symbol = row.quantity.observable.title
    return f"{symbol} [{row.quantity.unit}]" if row.quantity.unit else symbol


def _cells(comparison: Comparison, sample: str) -> list[str]:
    rows = [comparison.row(name) for name in _SHOWN]
    distances = [row.distances[sample] for row in rows]
    return [_cell(row, d.value, d.uncertainty) for row, d in zip(rows, distances, strict=True)]


def _cell(row: Row, value: float, error: float) -> str:
    return with_uncertainty(value / row.quantity.scale, error / row.quantity.scale)


def _drawings(runs: Mapping[str, Measurement]) -> Iterable[FindingFigure]:
    real = next(iter(runs.values())).checked.real
    shown = [q for q in (*QUANTITIES, *PARTICLE_MOMENTA) if q.name in (*JET_VARIABLES, *MOMENTA)]
    names = [
        f"dense-{loss}-{terms}" for loss in ("mse", "chamfer") for terms in ("none", "mass-pt")
    ]
    invariant = ["deepsets-chamfer", "edgeconv-chamfer"]
    for label, sample, chosen in (
        ("reconstruction", RECONSTRUCTED, names),
        ("generation", FLOW, names),
        ("invariant", FLOW, [*invariant, "dense-mse-none"]),
    ):
        samples = {name: runs[name].checked.samples[sample] for name in chosen}
        with figure_style():
            yield FindingFigure(
                label,
                f"Real and {sample.replace('flow', 'generated, flow')}"
                + (", permutation-invariant models" if label == "invariant" else ""),
                "Jets, and px, py, pz of their particles; below, the ratio to real jets.",
                distributions(real, samples, shown, lines(chosen)),
            )
    for label, name in (("mse", "dense-mse-none"), ("chamfer", "dense-chamfer-none")):
        samples = runs[name].checked.samples
        with figure_style():
            yield FindingFigure(
                f"images_{label}",
                f"Average jet images: {name}",
                "100 × 100 pixels around the jet axis, and ratios to the real jets.",
                jet_images(real, samples),
            )
