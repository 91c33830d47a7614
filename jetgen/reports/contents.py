"""What a report shows and in which order: its sections, each with how to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from jetgen.evaluation.checks import RECONSTRUCTED
from jetgen.evaluation.latent import LatentSpace
from jetgen.evaluation.quantities import BY_RANK, QUANTITIES, SUBSTRUCTURE, Quantity
from jetgen.physics.observables import JET_OBSERVABLES, PARTICLE_OBSERVABLES, Measured
from jetgen.reports.figures.correlation_matrices import correlation_matrices
from jetgen.reports.figures.distributions import distributions
from jetgen.reports.figures.jet_displays import jet_displays
from jetgen.reports.figures.jet_images import HALF_WIDTH, jet_images
from jetgen.reports.figures.latent_activity import latent_activity
from jetgen.reports.figures.latent_columns import latent_columns
from jetgen.reports.figures.latent_correlations import latent_correlations
from jetgen.reports.figures.latent_map import latent_map, mass_and_multiplicity
from jetgen.reports.figures.pair_planes import pair_planes
from jetgen.reports.figures.residuals import residual_panels
from jetgen.reports.figures.training_curves import training_curves
from jetgen.reports.style import Line, lines

_JET_NAMES = [observable.name for observable in JET_OBSERVABLES]
_PARTICLE_NAMES = [observable.name for observable in PARTICLE_OBSERVABLES]

KINDS: dict[str, Sequence[Quantity]] = {
    "jets": [q for q in QUANTITIES if q.name in _JET_NAMES],
    "particles": [*(q for q in QUANTITIES if q.name in _PARTICLE_NAMES), *BY_RANK],
    "substructure": SUBSTRUCTURE,
}
"""The distributions that are drawn, by kind."""

_CORRELATED = (
    "pt", "eta", "multiplicity", "pt_dispersion", "girth", "tau21", "tau32", "c2", "d2",
    "soft_drop_mass",
)  # fmt: skip
_PAIRS = (("multiplicity", "pt_dispersion"), ("girth", "c2"))

_PANELS = (
    "Each quantity has three panels with the same horizontal axis. Top: the distribution, real "
    "jets in grey, with bands of one standard deviation. Middle: the sample divided by real jets; "
    "the dark grey band is the statistical error of the real jets, the light one is the floor, "
    "where another set of real jets as large as the sample would lie in two bins out of three. "
    "Bottom: the pull, the difference over its statistical error; a sample drawn from the same "
    "law as the real jets stays between −1 and 1 in two bins out of three, and hardly ever leaves "
    "±3. Yellow bins at the ends collect everything beyond them; triangles mark values outside "
    "the panel. Errors are counted over jets, not particles."
)


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn: the name of its files, a caption, and the function that draws it."""

    name: str
    caption: str
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Chapter:
    """A section to be drawn: anchor, heading, how to read it, and its figures."""

    name: str
    title: str
    reading: str
    drawings: tuple[Drawing, ...]


def contents(
    real: Measured,
    samples: Mapping[str, Measured],
    latent: LatentSpace | None,
    history: Path | None,
    seed: int,
) -> list[Chapter]:
    """The sections that these jets, this latent space and this history allow."""
    looks = lines(list(samples))
    generated = {name: jets for name, jets in samples.items() if name != RECONSTRUCTED}
    chapters = [_images(real, samples), _displays(real, samples, looks, seed)]
    chapters += _distributions(real, generated, looks)
    chapters += _correlations(real, generated)
    if RECONSTRUCTED in samples:
        chapters.append(_reconstruction(real, samples[RECONSTRUCTED], looks))
    if latent is not None:
        chapters.append(_latent(real, latent))
    if history is not None:
        chapters.append(_training(history))
    return chapters


def _images(real: Measured, samples: Mapping[str, Measured]) -> Chapter:
    return Chapter(
        "images",
        "Average jet images",
        "All jets laid over each other, each turned so that its axis is at the centre: how much of "
        "a jet's transverse momentum falls, on average, into each of 100 × 100 pixels of relative "
        f"rapidity and azimuth (|η|, |φ| < {HALF_WIDTH}). A good sample has the same image as the "
        "real jets, so that its ratio is white and its difference without structure.",
        (
            Drawing(
                "jet_images",
                "Top: mean share of the jet's pT, on one logarithmic scale. Middle: ratio to the "
                "real jets, grey where both are empty; orange is too much, blue too little. "
                "Pixels far from the axis hold few particles and scatter. Bottom: sample minus "
                "real.",
                lambda: jet_images(real, samples),
            ),
        ),
    )


def _displays(
    real: Measured, samples: Mapping[str, Measured], looks: Mapping[str, Line], seed: int
) -> Chapter:
    reading = (
        "Jets drawn at random, one a panel, with nothing picked by hand. Each disc is a particle; "
        "its area is its share of the jet's transverse momentum. Single jets differ from each "
        "other: look for what all jets of a row have in common and the real ones have not."
    )
    if RECONSTRUCTED in samples:
        reading += " A reconstructed jet stands below the real one it comes from."
    return Chapter(
        "gallery",
        "Single jets",
        reading,
        (
            Drawing(
                "jet_displays",
                "Real jets in the first row, one row for each sample.",
                lambda: jet_displays(real, samples, looks, seed),
            ),
        ),
    )


def _distributions(
    real: Measured, generated: Mapping[str, Measured], looks: Mapping[str, Line]
) -> Iterator[Chapter]:
    for name, title, reading in (
        ("jets", "Jets", f"One value a jet. {_PANELS}"),
        (
            "particles",
            "Particles",
            "All particles of all jets, and the hardest, 5th and 20th hardest of each jet. The "
            "panels are those of the section on jets.",
        ),
        (
            "substructure",
            "Substructure",
            "How a jet shares out its momentum among its particles: what jet tagging goes by, and "
            "what particles made independently of each other get wrong. The panels are those of "
            "the section on jets.",
        ),
    ):
        drawing = _distribution(name, "generation", real, generated, looks)
        yield Chapter(name, title, reading, (drawing,))


def _distribution(
    kind: str,
    label: str,
    real: Measured,
    samples: Mapping[str, Measured],
    looks: Mapping[str, Line],
) -> Drawing:
    titles = ", ".join(quantity.observable.title for quantity in KINDS[kind])
    return Drawing(
        f"{kind}_{label}",
        f"{titles[0].upper()}{titles[1:]}.",
        lambda: distributions(real, samples, KINDS[kind], looks),
    )


def _correlations(real: Measured, generated: Mapping[str, Measured]) -> Iterator[Chapter]:
    """The section on pairs of observables that all of these jets know."""
    everything = (*JET_OBSERVABLES, *(quantity.observable for quantity in SUBSTRUCTURE))
    known = {
        observable.name: observable
        for observable in everything
        if all(observable.name in jets.observables for jets in (real, *generated.values()))
    }
    mass = "mass" if "mass" in known else "relative_mass"
    shown = [known[name] for name in (mass, *_CORRELATED) if name in known]
    pairs = [
        (known[x], known[y])
        for x, y in (("pt", mass), ("multiplicity", mass), *_PAIRS)
        if x in known and y in known
    ]
    yield Chapter(
        "correlations",
        "Correlations",
        "Which observables go together, two at a time. A sample can have every single distribution "
        "right and still combine the values wrongly, for instance many particles with small "
        "masses.",
        (
            Drawing(
                "correlation_matrices",
                "Linear correlation of each pair of observables in the real jets, and below the "
                "samples' correlations minus the real ones. The numbers above are mean absolute "
                "differences over all pairs; between two halves of the real jets it is the one "
                "above the first matrix.",
                lambda: correlation_matrices(real, generated, shown),
            ),
            Drawing(
                "pair_planes",
                "Share of jets in the plane of two observables, on one logarithmic scale a row; "
                "the outermost bins collect everything beyond. The number above is half the sum of "
                "(p − q)² / (p + q) over 10 × 10 bins of equal real shares, from 0 for equal to 1 "
                "for apart; the floor is what it is on average for two sets of real jets.",
                lambda: pair_planes(real, generated, pairs),
            ),
        ),
    )


def _reconstruction(real: Measured, reconstructed: Measured, looks: Mapping[str, Line]) -> Chapter:
    only = {RECONSTRUCTED: reconstructed}
    return Chapter(
        "reconstruction",
        "Reconstruction",
        "Each held-out jet encoded and decoded again: what the autoencoder loses before any "
        "generation begins. A residual is the reconstructed value minus the real one, over the "
        "real one where it says relative. Further below, the distributions of reconstructed jets "
        "beside real ones; since both are the same jets their pulls should be much smaller than "
        "one.",
        (
            Drawing(
                "residuals",
                "Left: distribution of each residual, its median and half the width of its central "
                "68 %. Right: median (points, with statistical error) and central 68 % (band) in "
                "bins of the real jet's pT and number of particles; a slope is a bias.",
                lambda: residual_panels(real, reconstructed, looks[RECONSTRUCTED]),
            ),
            *(_distribution(kind, "reconstruction", real, only, looks) for kind in KINDS),
        ),
    )


def _latent(real: Measured, latent: LatentSpace) -> Chapter:
    return Chapter(
        "latent",
        "Latent space",
        "The codes that stand for jets between encoder and decoder. New jets are decoded from "
        "codes of the prior, so the codes of real jets must look like the prior's. A column that "
        "stays put from jet to jet is inactive: the model has no use for it.",
        (
            Drawing(
                "latent_activity",
                "How much each column of the code says about its jet, most active first: variance "
                "over jets of its mean, and where codes have widths its mean Kullback-Leibler "
                "divergence to the standard normal distribution. Columns whose variance exceeds "
                "0.01 (dashed) count as active.",
                lambda: latent_activity(latent),
            ),
            Drawing(
                "latent_columns",
                "Codes of held-out jets (filled) and of the prior that generates (line), column by "
                "column, most active first; the dotted curve is the standard normal distribution.",
                lambda: latent_columns(latent),
            ),
            Drawing(
                "latent_map",
                "The two principal components of the codes of held-out jets, one point a jet, "
                "coloured by jet mass and by number of particles. A gradient means that the code "
                "knows the quantity.",
                lambda: latent_map(latent, mass_and_multiplicity(real)),
            ),
            Drawing(
                "latent_correlations",
                "Spearman's rank correlation of each column with each jet observable: ±1 where "
                "one rises or falls with the other, 0 where they have no common trend.",
                lambda: latent_correlations(latent, real),
            ),
        ),
    )


def _training(history: Path) -> Chapter:
    return Chapter(
        "training",
        "Training",
        "How the training went, epoch by epoch: every column of the run's metrics.csv. Losses "
        "should fall and level off; a validation loss that rises again while the training loss "
        "falls means overfitting.",
        (
            Drawing(
                "training_curves",
                "Losses on training and validation jets, then learning rate, speed and time.",
                lambda: training_curves(history),
            ),
        ),
    )
