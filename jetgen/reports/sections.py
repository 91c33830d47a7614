"""Sections that reports of jets and of other sets share, and what a section is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.kinds import Noun
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.observable_values import ObservableValues
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import Quantity
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.classifier_scores import classifier_scores
from jetgen.reports.figures.conditions import conditions
from jetgen.reports.figures.correlation_matrices import correlation_matrices
from jetgen.reports.figures.distributions import distributions, drawn
from jetgen.reports.figures.latent_activity import latent_activity
from jetgen.reports.figures.latent_columns import latent_columns
from jetgen.reports.figures.latent_correlations import latent_correlations
from jetgen.reports.figures.latent_map import latent_map
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.speeds import speeds
from jetgen.reports.figures.training_curves import training_curves
from jetgen.reports.style import Line


@dataclass(frozen=True)
class PlannedFigure:
    """A figure to be drawn.

    Args:
        name: of its files.
        caption: what it shows.
        draw: draws it.
        panels: draw its panels one by one, each for a file of its own.
    """

    name: str
    caption: str
    draw: Callable[[], Figure]
    panels: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedSection:
    """A section to be drawn: anchor, heading, how to read it, and its figures."""

    name: str
    title: str
    reading: str
    drawings: tuple[PlannedFigure, ...]


def how_panels_read(noun: Noun, reference: str) -> str:
    """How to read a distribution with its ratio and pull."""
    return (
        "Each quantity has three panels with the same horizontal axis. Top: the distribution, "
        f"{reference} {noun.many} in grey, with bands of one standard deviation. Middle: the "
        f"sample divided by the {reference} {noun.many}; the dark grey band is their statistical "
        f"error, the light one is the floor, where another set of {reference} {noun.many} as "
        "large as the sample would lie in two bins out of three. Bottom: the pull, the difference "
        "over its statistical error; a sample drawn from the same law stays between −1 and 1 in "
        "two bins out of three, and hardly ever leaves ±3; where pulls are large its axis is "
        "logarithmic beyond 3. Yellow bins at the ends collect everything beyond them; triangles "
        "mark ratios outside the panel. "
        f"Errors are counted over {noun.many}, not {noun.item}s."
    )


def distribution(
    name: str,
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    quantities: Sequence[Quantity],
    looks: Mapping[str, Line],
    reference: str,
    *,
    panels: bool = True,
) -> PlannedFigure:
    """The distributions of ``quantities``, one by one as well where ``panels`` are wanted."""
    shown = drawn(real, samples, quantities)
    titles = ", ".join(quantity.observable.title for quantity in shown)
    return PlannedFigure(
        name,
        f"{titles[0].upper()}{titles[1:]}.",
        partial(distributions, real, samples, shown, looks, reference),
        {
            quantity.name: partial(distributions, real, samples, [quantity], looks, reference)
            for quantity in shown
            if panels
        },
    )


def correlations(
    real: MeasuredSets,
    generated: Mapping[str, MeasuredSets],
    shown: Sequence[Observable],
    pairs: Sequence[tuple[Observable, Observable]],
    example: str,
    reference: str,
) -> PlannedSection:
    """How observables go together: all in a matrix, some ``pairs`` in the plane."""
    many = real.kind.noun.many
    return PlannedSection(
        "correlations",
        "Correlations",
        "Which observables go together, two at a time. A sample can have every single distribution "
        f"right and still combine the values wrongly{example}.",
        (
            PlannedFigure(
                "correlation_matrices",
                f"Linear correlation of each pair of observables in the {reference} {many}, then "
                f"the samples' correlations minus the {reference} ones. The numbers above are mean "
                "absolute differences over all pairs; between two halves of the "
                f"{reference} {many} it is the one above the first matrix.",
                partial(correlation_matrices, real, generated, shown, reference),
                {
                    name: partial(correlation_matrices, real, {name: sets}, shown, reference)
                    for name, sets in generated.items()
                },
            ),
            PlannedFigure(
                "pair_planes",
                f"Share of {many} in the plane of two observables, on one logarithmic scale per "
                "pair; the outermost bins collect everything beyond. The number above is half the "
                "sum of (p − q)² / (p + q) over 10 × 10 bins of equal shares, from 0 for equal to "
                "1 for apart; the floor is what it is on average for two sets of equal law.",
                partial(pair_planes, real, generated, pairs, reference),
                {
                    f"{x.name}_{y.name}": partial(pair_planes, real, generated, [(x, y)], reference)
                    for x, y in pairs
                },
            ),
        ),
    )


def latent_section(
    latent: LatentSpace,
    colours: Sequence[ObservableValues],
    observed: Sequence[ObservableValues],
    noun: Noun,
) -> PlannedSection:
    """The codes of real sets beside the prior's.

    Args:
        latent: the codes.
        colours: what colours the points in the plane of the principal components.
        observed: everything that columns are correlated with.
        noun: what the sets are called.
    """
    many = noun.many
    by = " and by ".join(colour.observable.title for colour in colours)
    return PlannedSection(
        "latent",
        "Latent space",
        f"The codes that stand for {many} between encoder and decoder. New {many} are decoded from "
        f"codes of the prior, so the codes of held-out {many} must look like the prior's. A column "
        f"that stays put from {noun.one} to {noun.one} is inactive: the model has no use for it.",
        (
            PlannedFigure(
                "latent_activity",
                f"How much each column of the code says about its {noun.one}, most active first: "
                f"variance over {many} of its mean, and where codes have widths its mean "
                "Kullback-Leibler divergence to the standard normal distribution. Columns whose "
                "variance exceeds 0.01 (dashed) count as active, if that divergence exceeds "
                "0.01 nats.",
                lambda: latent_activity(latent),
            ),
            PlannedFigure(
                "latent_columns",
                f"Codes of held-out {many} (filled) and of the prior that generates (line), column "
                "by column, most active first; the dotted curve is the standard normal "
                "distribution.",
                lambda: latent_columns(latent),
            ),
            PlannedFigure(
                "latent_map",
                f"The two principal components of the codes of held-out {many}, one point "
                f"for each, coloured by {by}. A gradient means that the code knows the quantity.",
                partial(latent_map, latent, colours),
                {
                    colour.observable.name: partial(latent_map, latent, [colour])
                    for colour in colours
                },
            ),
            PlannedFigure(
                "latent_correlations",
                "Spearman's rank correlation of each column with each observable: ±1 where one "
                "rises or falls with the other, 0 where they have no common trend.",
                lambda: latent_correlations(latent, observed),
            ),
        ),
    )


def classifier_section(
    merits: Mapping[str, Mapping[str, FigureOfMerit]],
    looks: Mapping[str, Line],
    noun: Noun,
    reference: str,
) -> list[PlannedSection]:
    """What the classifiers see of each sample; no section where there is none."""
    names = dict.fromkeys(name for found in merits.values() for name in found)
    drawings = []
    for name in names:
        scored = {sample: found[name] for sample, found in merits.items() if name in found}
        drawings.append(
            PlannedFigure(
                f"classifier_{name}",
                f"Left: share of each sample above a cut on the score against that of the "
                f"{reference} {noun.many}; a sample of equal law follows the diagonal. Right: "
                "distributions of the score.",
                partial(classifier_scores, scored, looks, reference),
                {
                    sample: partial(classifier_scores, {sample: merit}, looks, reference)
                    for sample, merit in scored.items()
                },
            )
        )
    words = (
        f"The score of a classifier that was trained to tell each sample from the {reference} "
        f"{noun.many}, on {noun.many} that it was not trained on."
    )
    return [PlannedSection("scores", "Scores", words, tuple(drawings))] if drawings else []


def conditions_section(
    requested: Mapping[Observable, tuple[Tensor, Tensor]], noun: Noun
) -> PlannedSection:
    """What a conditional model was asked for beside what it made."""
    return PlannedSection(
        "conditions",
        "Conditions",
        f"A conditional model makes {noun.many} with the values that it is asked for. On the "
        "diagonal it does so exactly.",
        (
            PlannedFigure(
                "conditions",
                f"Values of generated {noun.many} against the requested ones: single {noun.many} "
                "(dots), median (line) and central 68 % (band).",
                partial(conditions, requested),
                {
                    observable.name: partial(conditions, {observable: pair})
                    for observable, pair in requested.items()
                },
            ),
        ),
    )


def classes_section(
    real: Mapping[str, MeasuredSets],
    generated: Mapping[str, MeasuredSets],
    shown: Sequence[Observable],
    noun: Noun,
    reference: str,
) -> PlannedSection:
    """The classes of a sample side by side."""
    first, second = (
        sum((float(sets.relative.weights.sum()) for sets in side.values()), 0.0)
        for side in (real, generated)
    )
    total = (first, second)
    return PlannedSection(
        "classes",
        "Classes",
        f"The classes of {noun.many} in one panel per observable, in shares of all {noun.many}.",
        (
            PlannedFigure(
                "classes",
                f"Points with errors are {reference} {noun.many}, lines with bands generated ones; "
                "a colour per class.",
                partial(class_spectra, real, generated, shown, total, reference),
                {
                    o.name: partial(class_spectra, real, generated, [o], total, reference)
                    for o in shown
                },
            ),
        ),
    )


def speed_section(rates: Mapping[str, float], noun: Noun) -> PlannedSection:
    """The speed of every step beside that of the simulation."""
    return PlannedSection(
        "speed",
        "Speed",
        "The speed of each step, and of the simulation as its file records it: on the machine and "
        "with the processes that made the file, which may be others than here.",
        (
            PlannedFigure(
                "speeds",
                f"{noun.many.capitalize()} per second, and how many times the simulation that is.",
                partial(speeds, rates, noun.many),
            ),
        ),
    )


def training_section(history: Path) -> PlannedSection:
    """The curves of a run's ``metrics.csv``."""
    return PlannedSection(
        "training",
        "Training",
        "How the training went, epoch by epoch: every column of the run's metrics.csv. Losses "
        "should fall and level off; a validation loss that rises again while the training loss "
        "falls means overfitting.",
        (
            PlannedFigure(
                "training_curves",
                "Losses on training and validation data, then learning rate, speed and time.",
                lambda: training_curves(history),
            ),
        ),
    )
