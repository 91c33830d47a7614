"""The results of the di-jet study: distances of each GAN's events from simulated ones."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch

from jetgen.classifiers.figure_of_merit import FEWEST_TESTED, FigureOfMerit
from jetgen.cloud import ParticleCloud
from jetgen.datasets.reading import read
from jetgen.errors import InputError
from jetgen.evaluation.checks import ComparisonInput
from jetgen.evaluation.columns import column_merits
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.resampling import resample
from jetgen.kinds import ENTRIES
from jetgen.metrics.trainings import TrainingMean, mean_of, p_text, paired_difference
from jetgen.physics.dijets import (
    DIJET_OBSERVABLES,
    EVENT,
    LEADING,
    SECOND,
    TOGETHER,
    measure_dijets,
)
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import Quantity
from jetgen.reports.figures.correlation_matrices import correlation_matrices
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.findings import (
    Claim,
    Conclusion,
    FindingFigure,
    Table,
    basis_of,
    both,
    judged_alike,
    judged_all,
)
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style, lines
from jetgen.runs.trained_model import load
from jetgen.studies.definition import Study
from jetgen.studies.distance_table import distance_table

PLAIN, SATURATING, LSGAN, WGAN, CONV = "bce", "saturating", "lsgan", "wgan-gp", "conv"
MODELS = {
    PLAIN: "plain GAN",
    SATURATING: "plain GAN, saturating loss",
    LSGAN: "LSGAN",
    WGAN: "WGAN-GP",
    CONV: "LSGAN, convolutions",
}
"""The titles of the models, by the name of their runs; all but the last have dense networks."""

COMPARED = ((LSGAN, PLAIN), (WGAN, PLAIN), (PLAIN, SATURATING), (CONV, LSGAN))
"""Pairs of models, of which the first is claimed to have the smaller distances."""

SAMPLES = {"qcd": "QCD di-jets", "signal": "resonance of 3.5 TeV"}

_AT_FLOOR = 3.0
"""Largest excess over the floor, in its σ, for generated events to agree with real ones."""

_AUC_MARGIN = 0.02
"""Largest excess of the AUC of boosted trees over 0.5 for generated events to agree."""

FEWEST_EVENTS = 10_000
"""Smallest number of test events that can confirm an agreement: trees need many to see little."""

QUANTITIES = [Quantity(o, 1.0 if o.unit == "GeV" else 1e-3, o.title) for o in DIJET_OBSERVABLES]


class Measurement(NamedTuple):
    """The GANs of one type of event, by model and seed, their distances, and the trees' AUC."""

    real: MeasuredSets
    events: dict[str, MeasuredSets]
    comparison: Comparison
    merits: dict[str, FigureOfMerit]

    def trainings(self, model: str) -> list[str]:
        """The names of the trainings of a model, one per seed."""
        start = f"{MODELS[model]}, seed "
        return [name for name in self.comparison.samples if name.startswith(start)]

    def areas(self, model: str) -> TrainingMean:
        """The AUC of boosted trees minus 0.5, over seeds.

        Raises:
            InputError: for fewer events than trees need.
        """
        if self.real.counted < FEWEST_TESTED:
            raise InputError(
                f"test_events: expected at least {FEWEST_TESTED}, which boosted trees need, "
                f"received {self.real.counted}; set a larger number"
            )
        return mean_of([self.merits[name].auc - 0.5 for name in self.trainings(model)])

    def scores(self, model: str) -> list[float]:
        """:func:`mean_over_floor` of each seed."""
        return [mean_over_floor(self.comparison, name) for name in self.trainings(model)]


def mean_over_floor(comparison: Comparison, sample: str) -> float:
    """Geometric mean, over the rows of the table, of a sample's distance divided by the floor.

    The floor is the distance between samples of real events. All rows have the same weight.
    """
    return statistics.geometric_mean(
        row.distances[sample].value / row.floor for row in comparison.rows
    )


def conclude(study: Study) -> Conclusion:
    """Measure every run of the study and check the published claims."""
    found = {sample: _measured(study, sample) for sample in SAMPLES}
    return Conclusion(
        answer=_answer(found),
        claims=_claims(found),
        tables=[
            _scores(found),
            _trees(found),
            *(
                distance_table(
                    f"distances_{sample}",
                    SAMPLES[sample],
                    f.comparison,
                    {title: f.trainings(model) for model, title in MODELS.items()},
                    "events",
                )
                for sample, f in found.items()
            ),
        ],
        drawings=[drawing for entry in found.items() for drawing in _drawings(*entry)],
    )


def _measured(study: Study, sample: str) -> Measurement:
    """Simulated events that were not used in any training, and as many events of every model."""
    real = read(study.file(f"{sample}-test"))
    events: dict[str, MeasuredSets] = {}
    for path in sorted(path.parent for path in study.folder.glob(f"{sample}-*-*/config.yaml")):
        run = load(path)
        made = run.generate(len(real), seed=run.config.seed)
        model = path.name.removeprefix(f"{sample}-").removesuffix(f"-{run.config.seed}")
        events[f"{MODELS[model]}, seed {run.config.seed}"] = _dijets(made)
    every = _dijets(ParticleCloud.concatenate([real, read(study.file(sample))]))
    kept = torch.ones(len(real), dtype=torch.bool)
    checked = ComparisonInput(_dijets(real), events, every, kept, ())
    drawn = resample(checked, replicas=100, seed=1)
    rows = pair_rows(drawn, [quantity.name for quantity in QUANTITIES])
    comparison = compare_resampled(drawn, QUANTITIES).with_rows(rows)
    return Measurement(checked.real, events, comparison, column_merits(checked))


def _dijets(events: ParticleCloud) -> MeasuredSets:
    """Measured events with the observables of both jets."""
    return MeasuredSets(events, measure_dijets(events), ENTRIES.called(EVENT))


def _claims(found: Mapping[str, Measurement]) -> list[Claim]:
    return [
        *(
            _reproduced(measured, _nearest(measured), f"{SAMPLES[sample]}: {what}", observables)
            for sample, measured in found.items()
            for what, observables in (
                ("a GAN reproduces both jets' variables", (*LEADING, *SECOND)),
                ("a GAN reproduces the di-jet mass and angles", TOGETHER),
            )
        ),
        *(_nearer(found, *pair) for pair in COMPARED),
    ]


def _reproduced(
    found: Measurement, model: str, statement: str, observables: Sequence[Observable]
) -> Claim:
    """The claim that distances agree with the floor in all variables, and that trees agree.

    Trees on all variables see what single distributions do not show; with fewer than
    :data:`FEWEST_EVENTS` test events neither can confirm the claim.
    """
    rows = [found.comparison.row(o.name) for o in observables]
    trainings = found.trainings(model)
    spreads = {
        row.quantity.observable.title: mean_of([row.distances[t].spreads for t in trainings])
        for row in rows
    }
    apart = [
        f"{title} by {with_uncertainty(spread.value, spread.error)}"
        for title, spread in spreads.items()
        if spread.value > _AT_FLOOR
    ]
    area = found.areas(model)
    verdict = both(
        judged_alike(spreads, dict.fromkeys(spreads, _AT_FLOOR)),
        judged_alike({"trees": area}, {"trees": _AUC_MARGIN}),
    )
    events = len(found.real)
    if verdict == "confirmed" and events < FEWEST_EVENTS:
        verdict = "undecided"
    return Claim(
        statement,
        verdict,
        f"{MODELS[model]}, mean over seeds; variables more than {_AT_FLOOR:.0f} σ "
        f"above the real-vs-real floor: {', '.join(apart) or 'none'}; AUC of boosted trees minus "
        f"0.5: {with_uncertainty(area.value, area.error)}, at most {_AUC_MARGIN} for agreement",
        f"{len(trainings)} trainings, {events:,} test events ({FEWEST_EVENTS:,} needed to "
        f"confirm); 90 % intervals; AUC above 0.5: p {p_text(area.p_value)}",
    )


def _nearer(found: Mapping[str, Measurement], near: str, far: str) -> Claim:
    """The claim that a model has smaller distances than another for both types of events."""
    gains = {
        SAMPLES[sample]: paired_difference(measured.scores(far), measured.scores(near))
        for sample, measured in found.items()
    }
    listed = "; ".join(
        f"{kind} {with_uncertainty(gain.value, gain.error)}" for kind, gain in gains.items()
    )
    return Claim(
        f"{MODELS[near]}: smaller distances than {MODELS[far]}",
        judged_all(gains),
        f"mean distance in units of the real-vs-real floor, {MODELS[far]} minus {MODELS[near]}, "
        f"mean over seeds: {listed}",
        basis_of(gains),
    )


def _nearest(found: Measurement) -> str:
    return min(MODELS, key=lambda model: statistics.mean(found.scores(model)))


def _score(found: Measurement, model: str) -> str:
    score = mean_of(found.scores(model))
    return with_uncertainty(score.value, score.error)


def _answer(found: Mapping[str, Measurement]) -> str:
    parts = []
    for sample, measured in found.items():
        best = _nearest(measured)
        worst = max(
            measured.comparison.rows,
            key=lambda row: sum(
                row.distances[name].value / row.floor for name in measured.trainings(best)
            ),
        )
        parts.append(
            f"{SAMPLES[sample]}: {MODELS[best]} has the smallest distance, "
            f"{_score(measured, best)} times the real-vs-real floor; its worst variable is "
            f"{worst.quantity.observable.title}."
        )
    return " ".join(parts)


def _scores(found: Mapping[str, Measurement]) -> Table:
    return Table(
        "scores",
        "Mean distance over the real-vs-real floor",
        ["model", *(SAMPLES[sample] for sample in found)],
        [[title, *(_score(f, model) for f in found.values())] for model, title in MODELS.items()],
        "Geometric mean over all variables, correlations and pairs; ± is the error of the mean "
        "over seeds.",
    )


def _trees(found: Mapping[str, Measurement]) -> Table:
    def area(measured: Measurement, model: str) -> str:
        excess = measured.areas(model)
        return with_uncertainty(0.5 + excess.value, excess.error)

    return Table(
        "trees",
        "AUC of boosted trees on all variables",
        ["model", *(SAMPLES[sample] for sample in found)],
        [[title, *(area(f, model) for f in found.values())] for model, title in MODELS.items()],
        "Generated against simulated events, half of them for training the trees; 0.5 for equal "
        "distributions; ± is the error of the mean over seeds.",
    )


def _drawings(sample: str, found: Measurement) -> Iterator[FindingFigure]:
    shown = {title: found.events[f"{title}, seed 1"] for title in MODELS.values()}
    for label, title, observables in (
        ("jet1", "leading jet", LEADING),
        ("jet2", "second jet", SECOND),
        ("together", "di-jet mass and angles", TOGETHER),
    ):
        quantities = [q for q in QUANTITIES if q.observable in observables]
        with figure_style():
            yield FindingFigure(
                f"{sample}_{label}",
                f"Simulated and generated, {SAMPLES[sample]}: {title}",
                "Simulated events that were not used in any training, and generated ones of the "
                "first seed; below each distribution the ratio and the pull.",
                distributions(found.real, shown, quantities, lines(list(shown))),
            )
    with figure_style():
        yield FindingFigure(
            f"{sample}_correlations",
            f"Correlations, {SAMPLES[sample]}",
            "Correlations of simulated events; below, the differences of generated ones from them.",
            correlation_matrices(found.real, shown, DIJET_OBSERVABLES),
        )
