"""What a section is, and the sections that reports of jets and of other sets share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.evaluation.memorised import in_words
from jetgen.kinds import Noun
from jetgen.metrics.latent import LatentSpace
from jetgen.metrics.memorisation import Memorisation
from jetgen.physics.observable_values import ObservableValues
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import Quantity
from jetgen.reports.figures.class_spectra import class_spectra
from jetgen.reports.figures.classifier_scores import classifier_scores
from jetgen.reports.figures.conditions import conditions
from jetgen.reports.figures.correlation_matrices import correlation_matrices
from jetgen.reports.figures.distributions import draw_panels
from jetgen.reports.figures.distributions import panels as filled_panels
from jetgen.reports.figures.latent_activity import latent_activity
from jetgen.reports.figures.latent_columns import latent_columns, shown_columns
from jetgen.reports.figures.latent_correlations import latent_correlations
from jetgen.reports.figures.latent_map import latent_map
from jetgen.reports.figures.memorisation import memorisation
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.speeds import speeds
from jetgen.reports.figures.training_curves import training_curves, training_panels
from jetgen.reports.style import Line, lines


@dataclass(frozen=True)
class PlannedFigure:
    """A figure to be drawn.

    Args:
        name: the name of its files.
        caption: the text below it.
        draw: function that draws it.
        panels: functions that draw its single panels, for files of their own.
    """

    name: str
    caption: str
    draw: Callable[[], Figure]
    panels: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedSection:
    """A section to be drawn: anchor, heading, explanation, and its figures."""

    name: str
    title: str
    reading: str
    drawings: tuple[PlannedFigure, ...]


def how_panels_read(noun: Noun, reference: str) -> str:
    """The explanation of a distribution with its ratio and pull."""
    return (
        "Each quantity has three panels with the same horizontal axis. Top: the distribution, "
        f"{reference} {noun.many} in grey, with bands of one standard deviation. Middle: the "
        f"sample divided by the {reference} {noun.many}. The dark grey band is the statistical "
        f"error of the latter; the light one is the floor (68 % interval) for another set of "
        f"{reference} {noun.many} as large as the sample. Bottom: the pull, the difference "
        "divided by its statistical error. For a sample of the same distribution 68 % of the pulls "
        "are between −1 and 1, and 99.7 % between −3 and 3; if pulls are large, the axis is "
        "logarithmic beyond 3. Yellow bins at the ends are underflow and overflow, which may leave "
        "the top panel; triangles "
        "mark ratios outside the panel. "
        f"Statistical errors are computed over {noun.many}, not {noun.item}s."
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
    """The figure of the distributions of ``quantities``, with single ``panels`` if requested."""
    found, noun = filled_panels(real, samples, quantities), real.kind.noun
    titles = ", ".join(panel.quantity.observable.title for panel in found)
    return PlannedFigure(
        name,
        f"{_with_capital(titles)}.",
        partial(draw_panels, found, list(samples), looks, noun, reference),
        {
            panel.quantity.name: partial(
                draw_panels, [panel], list(samples), looks, noun, reference
            )
            for panel in found
            if panels
        },
    )


def _with_capital(text: str) -> str:
    """With a capital letter first, but for symbols such as pT.

    >>> _with_capital("jet mass, girth"), _with_capital("pT dispersion, girth")
    ('Jet mass, girth', 'pT dispersion, girth')
    """
    return text if text[1:2].isupper() else f"{text[:1].upper()}{text[1:]}"


def correlations(
    real: MeasuredSets,
    generated: Mapping[str, MeasuredSets],
    shown: Sequence[Observable],
    pairs: Sequence[tuple[Observable, Observable]],
    example: str,
    reference: str,
) -> PlannedSection:
    """Dependences between observables: correlation matrices, and ``pairs`` in two dimensions."""
    many = real.kind.noun.many
    return PlannedSection(
        "correlations",
        "Correlations",
        "Dependences between two observables. A sample can have the right distribution of every "
        f"observable and still wrong combinations of values{example}.",
        (
            PlannedFigure(
                "correlation_matrices",
                f"Linear correlation of each pair of observables in the {reference} {many}, then "
                f"the samples' correlations minus the {reference} ones. The number above a matrix "
                "is the mean absolute difference over all pairs; above the first matrix it is that "
                f"between two halves of the {reference} {many}.",
                partial(correlation_matrices, real, generated, shown, reference),
                {
                    name: partial(correlation_matrices, real, {name: sets}, shown, reference)
                    for name, sets in generated.items()
                },
            ),
            PlannedFigure(
                "pair_planes",
                f"Share of {many} per bin of two observables, on one logarithmic scale per pair; "
                "the outermost bins include underflow and overflow. The number above is half the "
                "sum of (p − q)² / (p + q) over 10 × 10 bins of equal shares: 0 for equal "
                "histograms, 1 for disjoint ones; the floor is its mean for two sets of the same "
                "distribution.",
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
    """The codes of real sets, and those of the prior.

    Args:
        latent: the codes.
        colours: the observables that colour the points in the plane of the principal components.
        observed: the observables that latent dimensions are correlated with.
        noun: the words for the sets.
    """
    many = noun.many
    by = " and by ".join(colour.observable.title for colour in colours)
    return PlannedSection(
        "latent",
        "Latent space",
        f"The codes of {many} between encoder and decoder. Generated {many} are decoded from codes "
        f"of the prior, so the codes of held-out {many} must have the distribution of the prior. "
        f"The model does not use latent dimensions that do not vary between {many} (inactive).",
        (
            PlannedFigure(
                "latent_activity",
                f"Activity of each latent dimension, largest first: variance over {many} of its "
                "mean, and for codes with a width the mean Kullback-Leibler divergence to the "
                "standard normal distribution. A dimension counts as active if its variance "
                "exceeds 0.01 (dashed) and this divergence 0.01 nats.",
                lambda: latent_activity(latent),
            ),
            PlannedFigure(
                "latent_columns",
                f"Codes of held-out {many} (filled) and of the prior used to generate (line), by "
                "latent dimension, most active first; the dotted curve is the standard normal "
                "distribution.",
                partial(latent_columns, latent, shown_columns(latent)),
                {
                    f"dimension_{column + 1}": partial(latent_columns, latent, [column])
                    for column in shown_columns(latent)
                },
            ),
            PlannedFigure(
                "latent_map",
                f"The two principal components of the codes of held-out {many}, one point "
                f"for each, coloured by {by}. A gradient shows that the code depends on it.",
                partial(latent_map, latent, colours),
                {
                    colour.observable.name: partial(latent_map, latent, [colour])
                    for colour in colours
                },
            ),
            PlannedFigure(
                "latent_correlations",
                "Spearman's rank correlation of each latent dimension with each observable: ±1 "
                "for a monotonic relation, 0 without a common trend.",
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
    """The ROC curves and scores of the classifiers; no section without a classifier."""
    names = dict.fromkeys(name for found in merits.values() for name in found)
    drawings = []
    for name in names:
        scored = {sample: found[name] for sample, found in merits.items() if name in found}
        drawings.append(
            PlannedFigure(
                f"classifier_{name}",
                f"Left: ROC curve, the share of each sample above a cut on the score against that "
                f"of the {reference} {noun.many}; a sample of the same distribution follows the "
                "diagonal. Right: distributions of the score.",
                partial(classifier_scores, scored, looks, reference, noun.many),
                {
                    sample: partial(classifier_scores, {sample: merit}, looks, reference, noun.many)
                    for sample, merit in scored.items()
                },
            )
        )
    words = (
        f"The score of a classifier that was trained to separate each sample from the {reference} "
        f"{noun.many}, for {noun.many} that were not used in its training."
    )
    return [PlannedSection("scores", "Scores", words, tuple(drawings))] if drawings else []


def memorisation_section(
    memorised: Mapping[str, Memorisation], samples: Sequence[str], noun: Noun
) -> PlannedSection:
    """Distances to the nearest training sets; all ``samples`` of the report choose the looks."""
    looks = lines(samples)
    said = " ".join(f"{name}: {in_words(found)}." for name, found in memorised.items())
    return PlannedSection(
        "memorisation",
        "Memorisation",
        f"Whether generated {noun.many} repeat training {noun.many}, by their distance to the "
        f"nearest one. {said}",
        (
            PlannedFigure(
                "memorisation",
                f"Energy mover's distance of each {noun.one} to the nearest training {noun.one}, "
                f"for held-out {noun.many} (grey) and generated ones. One in a hundred held-out "
                f"{noun.many} lies left of the dashed line; copies pile up there.",
                partial(memorisation, memorised, looks, noun),
                {
                    name: partial(memorisation, {name: found}, looks, noun)
                    for name, found in memorised.items()
                },
            ),
        ),
    )


def conditions_section(
    requested: Mapping[Observable, tuple[Tensor, Tensor]], noun: Noun
) -> PlannedSection:
    """Requested and obtained values of the conditions of a model."""
    return PlannedSection(
        "conditions",
        "Conditions",
        f"A conditional model generates {noun.many} with requested values. On the diagonal, "
        "requested and obtained values agree.",
        (
            PlannedFigure(
                "conditions",
                f"Obtained against requested values of generated {noun.many}: single {noun.many} "
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
        sum((float(sets.frame.weights.sum()) for sets in side.values()), 0.0)
        for side in (real, generated)
    )
    total = (first, second)
    return PlannedSection(
        "classes",
        "Classes",
        f"The classes of {noun.many}, one panel per observable, as shares of all {noun.many}.",
        (
            PlannedFigure(
                "classes",
                f"Points with errors are {reference} {noun.many}, lines with bands generated ones; "
                "one colour per class.",
                partial(class_spectra, real, generated, shown, total, reference),
                {
                    o.name: partial(class_spectra, real, generated, [o], total, reference)
                    for o in shown
                },
            ),
        ),
    )


def speed_section(rates: Mapping[str, float], noun: Noun) -> PlannedSection:
    """The speed of every step, and that of the simulation."""
    return PlannedSection(
        "speed",
        "Speed",
        "The speed of each step, and that of the simulation as recorded in its file, possibly on "
        "another machine and with another number of processes.",
        (
            PlannedFigure(
                "speeds",
                f"{noun.many.capitalize()} per second, and the ratio to the simulation.",
                partial(speeds, rates, noun.many),
            ),
        ),
    )


def training_section(history: Path) -> PlannedSection:
    """The curves of a run's ``metrics.csv``."""
    curves = training_panels(history)
    return PlannedSection(
        "training",
        "Training",
        "Every column of the run's metrics.csv against the epoch. Losses should fall and level "
        "off; a validation loss that rises again while the training loss falls indicates "
        "overfitting.",
        (
            PlannedFigure(
                "training_curves",
                "Losses on training and validation data, then learning rate, speed and time.",
                partial(training_curves, curves),
                {
                    title: partial(training_curves, {title: panel})
                    for title, panel in curves.items()
                },
            ),
        ),
    )
