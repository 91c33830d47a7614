"""What a report of jets shows and in which order: its sections, each with how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.observable_values import ObservableValues
from jetgen.physics.observables import JET_OBSERVABLES, PARTICLE_OBSERVABLES, MeasuredSets
from jetgen.physics.quantities import BY_RANK, QUANTITIES, SUBSTRUCTURE, Quantity
from jetgen.physics.substructure import with_substructure
from jetgen.reports.figures.jet_displays import jet_displays
from jetgen.reports.figures.jet_images import HALF_WIDTH, jet_images
from jetgen.reports.figures.residuals import residual_panels
from jetgen.reports.sections import (
    PlannedFigure,
    PlannedSection,
    correlations,
    distribution,
    how_panels_read,
    latent_section,
    training_section,
)
from jetgen.reports.style import Line, lines

_JET_NAMES = [observable.name for observable in JET_OBSERVABLES]
_PARTICLE_NAMES = [observable.name for observable in PARTICLE_OBSERVABLES]

_EVERYTHING = (*JET_OBSERVABLES, *(quantity.observable for quantity in SUBSTRUCTURE))

PANELS: dict[str, Sequence[Quantity]] = {
    "jets": [q for q in QUANTITIES if q.name in _JET_NAMES],
    "particles": [*(q for q in QUANTITIES if q.name in _PARTICLE_NAMES), *BY_RANK],
    "substructure": SUBSTRUCTURE,
}
"""The distributions that are drawn, by section."""

_CORRELATED = (
    "pt", "eta", "multiplicity", "pt_dispersion", "girth", "tau21", "tau32", "c2", "d2",
    "soft_drop_mass",
)  # fmt: skip
_PAIRS = (("multiplicity", "pt_dispersion"), ("girth", "c2"))


def jet_report_sections(
    checked: ComparisonInput, latent: LatentSpace | None, history: Path | None, seed: int
) -> list[PlannedSection]:
    """The sections that these jets, this latent space and this history allow."""
    real = with_substructure(checked.real)
    samples = {name: with_substructure(jets) for name, jets in checked.samples.items()}
    looks = lines(list(samples))
    generated = {name: jets for name, jets in samples.items() if name != RECONSTRUCTED}
    sections = [_images(real, samples), _displays(real, samples, looks, seed)]
    sections += _distributions(real, generated, looks)
    sections.append(_correlations(real, generated))
    if RECONSTRUCTED in samples:
        sections.append(_reconstruction(real, samples[RECONSTRUCTED], looks))
    if latent is not None:
        sections.append(_latent(real, latent))
    if history is not None:
        sections.append(training_section(history))
    return sections


def _images(real: MeasuredSets, samples: Mapping[str, MeasuredSets]) -> PlannedSection:
    return PlannedSection(
        "images",
        "Average jet images",
        "All jets laid over each other, each turned so that its axis is at the centre: how much of "
        "a jet's transverse momentum falls, on average, into each of 100 × 100 pixels of relative "
        f"rapidity and azimuth (|η|, |φ| < {HALF_WIDTH}). A good sample has the same image as the "
        "real jets, so that its ratio is white and its difference without structure.",
        (
            PlannedFigure(
                "jet_images",
                "Top: mean share of the jet's pT, on one logarithmic scale. Middle: ratio to the "
                "real jets, grey where both are empty; orange is too much, blue too little. "
                "Pixels far from the axis hold few particles and scatter. Bottom: sample minus "
                "real.",
                partial(jet_images, real, samples),
                {name: partial(jet_images, real, {name: jets}) for name, jets in samples.items()},
            ),
        ),
    )


def _displays(
    real: MeasuredSets, samples: Mapping[str, MeasuredSets], looks: Mapping[str, Line], seed: int
) -> PlannedSection:
    reading = (
        "Jets drawn at random, one a panel, with nothing picked by hand. Each disc is a particle; "
        "its area is its share of the jet's transverse momentum. Single jets differ from each "
        "other: look for what all jets of a row have in common and the real ones have not."
    )
    if RECONSTRUCTED in samples:
        reading += " A reconstructed jet stands below the real one it comes from."
    return PlannedSection(
        "gallery",
        "Single jets",
        reading,
        (
            PlannedFigure(
                "jet_displays",
                "Real jets in the first row, one row for each sample.",
                partial(jet_displays, real, samples, looks, seed),
                {
                    name: partial(jet_displays, real, {name: jets}, looks, seed)
                    for name, jets in samples.items()
                },
            ),
        ),
    )


def _distributions(
    real: MeasuredSets, generated: Mapping[str, MeasuredSets], looks: Mapping[str, Line]
) -> Iterator[PlannedSection]:
    for name, title, reading in (
        ("jets", "Jets", f"One value a jet. {how_panels_read(real.kind.noun)}"),
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
        yield PlannedSection(name, title, reading, (drawing,))


def _distribution(
    group: str,
    label: str,
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    looks: Mapping[str, Line],
) -> PlannedFigure:
    return distribution(f"{group}_{label}", real, samples, PANELS[group], looks)


def _correlations(real: MeasuredSets, generated: Mapping[str, MeasuredSets]) -> PlannedSection:
    """The section on pairs of observables that all of these jets know."""
    known = {
        observable.name: observable
        for observable in _EVERYTHING
        if all(observable.name in jets.observables for jets in (real, *generated.values()))
    }
    mass = "mass" if "mass" in known else "relative_mass"
    shown = [known[name] for name in (mass, *_CORRELATED) if name in known]
    pairs = [
        (known[x], known[y])
        for x, y in (("pt", mass), ("multiplicity", mass), *_PAIRS)
        if x in known and y in known
    ]
    example = ", for instance many particles with small masses"
    return correlations(real, generated, shown, pairs, example)


def _reconstruction(
    real: MeasuredSets, reconstructed: MeasuredSets, looks: Mapping[str, Line]
) -> PlannedSection:
    only = {RECONSTRUCTED: reconstructed}
    return PlannedSection(
        "reconstruction",
        "Reconstruction",
        "Each held-out jet encoded and decoded again: what the autoencoder loses before any "
        "generation begins. A residual is the reconstructed value minus the real one, over the "
        "real one where it says relative. Further below, the distributions of reconstructed jets "
        "beside real ones; since both are the same jets their pulls should be much smaller than "
        "one.",
        (
            PlannedFigure(
                "residuals",
                "Left: distribution of each residual, its median and half the width of its central "
                "68 %. Right: median (points, with statistical error) and central 68 % (band) in "
                "bins of the real jet's pT and number of particles; a slope is a bias.",
                lambda: residual_panels(real, reconstructed, looks[RECONSTRUCTED]),
            ),
            *(_distribution(group, "reconstruction", real, only, looks) for group in PANELS),
        ),
    )


def _latent(real: MeasuredSets, latent: LatentSpace) -> PlannedSection:
    known = [
        ObservableValues(o, real.observables[o.name])
        for o in _EVERYTHING
        if o.name in real.observables
    ]
    mass = "mass" if "mass" in real.observables else "relative_mass"
    colours = [o for o in known if o.observable.name in (mass, "multiplicity")]
    return latent_section(latent, colours, known, real.kind.noun)
