"""The results of the sparse-jets study: distances of every run, and the published claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput, check
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.metric_rows import efp_rows
from jetgen.evaluation.resampling import resample
from jetgen.metrics.trainings import TrainingMean, mean_of, paired_difference
from jetgen.physics.quantities import PARTICLE_MOMENTA, QUANTITIES, Quantity
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.jet_images import jet_images
from jetgen.reports.figures.points_with_errors import Points, points_with_errors
from jetgen.reports.findings import (
    Claim,
    Conclusion,
    FindingFigure,
    Table,
    basis_of,
    judged_alike,
    judged_all,
)
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style, lines
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study

GAUSSIAN, FLOW = "Gaussian prior", "flow prior"
PRIORS = {GAUSSIAN: "gaussian", FLOW: "flow"}
KINEMATICS = ("mass", "pt", "energy")
JET_VARIABLES = (*KINEMATICS, "eta", "phi")
MOMENTA = tuple(quantity.name for quantity in PARTICLE_MOMENTA)
LOSSES = {"mse": "MSE", "chamfer": "Chamfer"}
NETWORKS = {"dense": "dense networks", "conv": "convolutions"}
MARGIN = 0.1
"""Largest difference of two distances, in standard deviations of the simulated jets, for losses
that are equally good."""

_QUANTITIES = [
    quantity
    for quantity in (*QUANTITIES, *PARTICLE_MOMENTA)
    if quantity.name in (*JET_VARIABLES, *MOMENTA)
]


class Measurement(NamedTuple):
    """One training: its jets, and their distances from simulated ones."""

    checked: ComparisonInput
    comparison: Comparison

    def distance(self, quantity: str, sample: str) -> float:
        """The 1-Wasserstein distance of a sample, in the unit of the quantity."""
        return self.comparison.row(quantity).distances[sample].value


Runs = Mapping[str, Sequence[Measurement]]
"""The trainings of every model, by seed."""


def conclude(study: Study) -> Conclusion:
    """Measure every run of the study and check the published claims."""
    runs: dict[str, list[Measurement]] = {}
    for path in sorted(path.parent for path in study.folder.glob("*/config.yaml")):
        runs.setdefault(path.name.rsplit("-", 1)[0], []).append(_measured(path))
    claims = [claim for network in NETWORKS for claim in _claims(runs, network)]
    with figure_style():
        drawings = list(_drawings(runs, study.settings))
    return Conclusion(_answer(runs, claims), claims, list(_tables(runs)), drawings)


def _measured(path: Path) -> Measurement:
    run = load(path)
    real = run.held_out()
    samples = {RECONSTRUCTED: run.reconstruct(real)} | {
        title: run.generate(len(real), prior=prior)
        for title, prior in PRIORS.items()
        if prior in run.priors
    }
    checked = check(real, samples, run.training_jets())
    drawn = resample(checked, replicas=20, seed=1)
    return Measurement(checked, compare_resampled(drawn, _QUANTITIES).with_rows(efp_rows(drawn)))


def _over_trainings(runs: Sequence[Measurement], quantity: str, sample: str) -> list[float]:
    return [run.distance(quantity, sample) for run in runs]


def _claims(runs: Runs, network: str) -> list[Claim]:
    """The published claims, for the trainings of one kind of networks with jet-level terms."""
    mse, chamfer = (runs[f"{network}-{loss}-terms"] for loss in LOSSES)

    def losses(quantities: Iterable[str]) -> dict[str, TrainingMean]:
        """Chamfer minus MSE."""
        return {
            name: paired_difference(
                _over_trainings(chamfer, name, RECONSTRUCTED),
                _over_trainings(mse, name, RECONSTRUCTED),
            )
            for name in quantities
        }

    def samples(worse: str, better: str) -> dict[str, TrainingMean]:
        return {
            f"{LOSSES[loss]} {name}": paired_difference(
                _over_trainings(trainings, name, worse), _over_trainings(trainings, name, better)
            )
            for loss, trainings in zip(LOSSES, (mse, chamfer), strict=True)
            for name in KINEMATICS
        }

    mass = losses(["mass"])
    others = losses(name for name in JET_VARIABLES if name != "mass")
    margins = {name: MARGIN * _width(mse[0], name) for name in others}
    listed_margins = ", ".join(f"{name} {value:.2g}" for name, value in margins.items())
    with_prior = samples(GAUSSIAN, RECONSTRUCTED)
    repaired = samples(GAUSSIAN, FLOW)
    where = NETWORKS[network]
    claims = [
        Claim(
            f"MSE reconstructs the jet mass better than Chamfer ({where})",
            judged_all(mass),
            f"W1 in GeV, Chamfer minus MSE: {_listed(mass)}",
            basis_of(mass),
        ),
        Claim(
            f"In other variables both losses are equally good ({where})",
            judged_alike(others, margins),
            f"W1, Chamfer minus MSE: {_listed(others)}; equally good: 90 % interval within "
            f"{MARGIN} standard deviations of simulated jets ({listed_margins})",
            basis_of(others),
        ),
        Claim(
            f"Generated jets (Gaussian prior) are worse than reconstructed ones ({where})",
            judged_all(with_prior),
            f"W1 in GeV, Gaussian prior minus reconstructed: {_listed(with_prior)}",
            basis_of(with_prior),
        ),
        Claim(
            f"A normalizing-flow prior improves generated jets ({where})",
            judged_all(repaired),
            f"W1 in GeV, Gaussian minus flow prior: {_listed(repaired)}",
            basis_of(repaired),
        ),
    ]
    failed = _not_learned(mse, chamfer)
    return [_not_judged(claim, failed) for claim in claims] if failed else claims


def _not_learned(*models: Sequence[Measurement]) -> list[str]:
    """The variables in which reconstructed jets are farther away than one constant would be.

    The 1-Wasserstein distance of a distribution to the nearest constant, its median, is the mean
    absolute deviation from it. A model above that has not learned the variable.
    """

    def farther(trainings: Sequence[Measurement], name: str) -> bool:
        jets = trainings[0].checked.real.observables[name].double()
        constant = float((jets - jets.median()).abs().mean())
        return mean_of(_over_trainings(trainings, name, RECONSTRUCTED)).value > constant

    return [name for name in JET_VARIABLES if any(farther(model, name) for model in models)]


def _not_judged(claim: Claim, failed: Sequence[str]) -> Claim:
    because = (
        f"not judged, because reconstructed jets are farther from simulated ones than if all were "
        f"equal in {' and '.join(failed)}: train longer"
    )
    return replace(claim, verdict="undecided", evidence=f"{claim.evidence}; {because}")


def _width(run: Measurement, quantity: str) -> float:
    """The standard deviation of a quantity of the simulated jets."""
    return float(run.checked.real.observables[quantity].std())


def _listed(found: Mapping[str, TrainingMean]) -> str:
    return "; ".join(f"{name} {with_uncertainty(f.value, f.error)}" for name, f in found.items())


def _answer(runs: Runs, claims: Sequence[Claim]) -> str:
    def best(sample: str) -> str:
        found = {
            name: mean_of(_over_trainings(trainings, "mass", sample))
            for name, trainings in runs.items()
            if sample in trainings[0].comparison.samples
        }
        name = min(found, key=lambda name: found[name].value)
        value = with_uncertainty(found[name].value, found[name].error)
        return f"{name} (W1 of the mass {value} GeV, trainings: {found[name].trainings})"

    confirmed = sum(claim.verdict == "confirmed" for claim in claims)
    return (
        f"{confirmed} of {len(claims)} claims are confirmed at this scale. The mass is best "
        f"reconstructed by {best(RECONSTRUCTED)}, best generated by {best(FLOW)} with the flow "
        "prior."
    )


def _tables(runs: Runs) -> Iterable[Table]:
    first = next(iter(runs.values()))[0].comparison
    shown = [first.row(name) for name in (*JET_VARIABLES, *MOMENTA, "w1efp")]
    quantities = [row.quantity for row in shown]
    floor = [with_uncertainty(*_scaled(r.quantity, r.floor, r.floor_spread)) for r in shown]
    for sample in (RECONSTRUCTED, *PRIORS):
        rows = [
            [name, str(len(trainings)), *(_cell(trainings, each, sample) for each in quantities)]
            for name, trainings in runs.items()
            if sample in trainings[0].comparison.samples
        ]
        yield Table(
            f"distances_{sample.split()[0].lower()}",
            f"1-Wasserstein distances: {sample}",
            ["model", "trainings", *map(_title, quantities)],
            [["real against real", "", *floor], *rows],
            f"{first.jets} against {first.jets} jets; mean over trainings with different seeds, "
            "which also have different held-out jets, and its error. The first line is the "
            "real-vs-real floor of one training.",
        )


def _title(quantity: Quantity) -> str:
    symbol = quantity.observable.title
    return f"{symbol} [{quantity.unit}]" if quantity.unit else symbol


def _cell(runs: Sequence[Measurement], quantity: Quantity, sample: str) -> str:
    found = mean_of(_over_trainings(runs, quantity.name, sample))
    return with_uncertainty(*_scaled(quantity, found.value, found.error))


def _scaled(quantity: Quantity, value: float, error: float) -> tuple[float, float]:
    return value / quantity.scale, error / quantity.scale


def _drawings(runs: Runs, settings: Mapping[str, Any]) -> Iterable[FindingFigure]:
    yield _scan(runs, settings)
    yield _trade_off(runs, settings)
    main = [f"dense-{loss}-{terms}" for loss in LOSSES for terms in ("without", "terms")]
    invariant = ["deepsets-chamfer-terms", "edgeconv-chamfer-terms", "dense-chamfer-terms"]
    for label, sample, chosen in (
        ("reconstruction", RECONSTRUCTED, main),
        ("generation", FLOW, [name for name in main if name.endswith("terms")]),
        ("invariant", RECONSTRUCTED, invariant),
    ):
        samples = {name: runs[name][0].checked.samples[sample] for name in chosen}
        yield FindingFigure(
            label,
            f"Simulated and {sample.replace('flow', 'generated, flow')}"
            + (", permutation-invariant models" if label == "invariant" else ""),
            "Jets, and px, py, pz of their particles, first seed; below, the ratio to simulated "
            "jets.",
            distributions(runs[main[0]][0].checked.real, samples, _QUANTITIES, lines(chosen)),
        )
    for loss, title in LOSSES.items():
        checked = runs[f"dense-{loss}-terms"][0].checked
        yield FindingFigure(
            f"images_{loss}",
            f"Average jet images: dense networks, {title}, terms of mass and pT",
            "100 × 100 pixels around the jet axis, and ratios to the simulated jets; first seed.",
            jet_images(checked.real, checked.samples),
        )


def _scan(runs: Runs, settings: Mapping[str, Any]) -> FindingFigure:
    """Reconstruction against the weight of the terms."""
    weight = settings["weight"]
    weights = {w: f"weight_{w}" for w in settings["other_weights"]} | {weight: "terms"}
    return FindingFigure(
        "weights",
        "Reconstruction against the weight of the terms of mass and pT",
        "W1 of reconstructed jets, dense networks; mean over trainings and its error.",
        points_with_errors(
            {
                f"W1 of {name} [GeV]": {
                    **{
                        title: [
                            (w, *_point(runs[f"dense-{loss}-{weights[w]}"], name, RECONSTRUCTED))
                            for w in sorted(weights)
                        ]
                        for loss, title in LOSSES.items()
                    },
                    **{
                        f"{title}, without": [
                            (w, *_point(runs[f"dense-{loss}-without"], name, RECONSTRUCTED))
                            for w in (min(weights), max(weights))
                        ]
                        for loss, title in LOSSES.items()
                    },
                }
                for name in KINEMATICS
            },
            "Weight of the squared differences [GeV$^{-2}$]",
            logarithmic=True,
        ),
    )


def _trade_off(runs: Runs, settings: Mapping[str, Any]) -> FindingFigure:
    """Reconstruction and generation against beta."""
    betas = {beta: f"beta_{beta}" for beta in settings["other_betas"]} | {1: "terms"}

    def points(loss: str, name: str, sample: str) -> Points:
        return [
            (beta, *_point(runs[f"dense-{loss}-{betas[beta]}"], name, sample))
            for beta in sorted(betas)
        ]

    return FindingFigure(
        "trade_off",
        "Reconstruction against generation for different beta",
        "W1 of reconstructed jets and of jets from the Gaussian prior, dense networks with terms; "
        "mean over trainings and its error.",
        points_with_errors(
            {
                f"W1 of {name} [GeV], {title}": {
                    sample: points(loss, name, sample) for sample in (RECONSTRUCTED, GAUSSIAN)
                }
                for name in ("mass", "pt")
                for loss, title in LOSSES.items()
            },
            "beta",
            logarithmic=True,
        ),
    )


def _point(runs: Sequence[Measurement], quantity: str, sample: str) -> tuple[float, float]:
    found = mean_of(_over_trainings(runs, quantity, sample))
    return found.value, found.error
