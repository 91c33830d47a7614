"""The sections of a report of jets in their order, each with an explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput
from jetgen.evaluation.metric_rows import W1EFP
from jetgen.metrics.latent import LatentSpace
from jetgen.metrics.w1efp import GRAPHS
from jetgen.physics.observable_values import ObservableValues
from jetgen.physics.observables import (
    JET_OBSERVABLES,
    PARTICLE_OBSERVABLES,
    MeasuredSets,
    Observable,
)
from jetgen.physics.quantities import BY_RANK, QUANTITIES, SUBSTRUCTURE, Quantity
from jetgen.reports.figures.jet_displays import jet_displays
from jetgen.reports.figures.jet_images import FEWEST_PARTICLES, HALF_WIDTH, PIXELS, jet_images
from jetgen.reports.figures.residuals import residual_panels, shown_residuals
from jetgen.reports.sections import (
    PlannedFigure,
    PlannedSection,
    classes_section,
    classifier_section,
    correlations,
    distribution,
    how_panels_read,
    latent_section,
    training_section,
)
from jetgen.reports.style import Line, lines
from jetgen.weights import unweighted_draw

_JET_NAMES = [observable.name for observable in JET_OBSERVABLES]
_PARTICLE_NAMES = [observable.name for observable in PARTICLE_OBSERVABLES]

_EVERYTHING = (*JET_OBSERVABLES, *(quantity.observable for quantity in SUBSTRUCTURE))

POLYNOMIALS = tuple(
    Quantity(
        Observable(
            f"efp_{k}",
            f"energy-flow polynomial {k}",
            rf"Energy-flow polynomial $\mathrm{{EFP}}_{k}$",
        ),
        1e-5,
        f"energy-flow polynomial {k} of the five of W1EFP",
    )
    for k in range(1, len(GRAPHS) + 1)
)
"""The observables of jets after :func:`_with_polynomials`."""

PANELS: dict[str, Sequence[Quantity]] = {
    "jets": [q for q in QUANTITIES if q.name in _JET_NAMES],
    "particles": [*(q for q in QUANTITIES if q.name in _PARTICLE_NAMES), *BY_RANK],
    "substructure": SUBSTRUCTURE,
    "polynomials": POLYNOMIALS,
}
"""The quantities whose distributions are drawn, by section."""

_CORRELATED = (
    "pt", "eta", "multiplicity", "pt_dispersion", "girth", "tau21", "tau32", "c2", "d2",
    "soft_drop_mass",
)  # fmt: skip
_CLASS_OBSERVABLES = ("mass", "relative_mass", "multiplicity", "tau21", "tau32", "girth")
_PAIRS = (("multiplicity", "pt_dispersion"), ("girth", "c2"))


def jet_report_sections(
    checked: ComparisonInput,
    latent: LatentSpace | None,
    history: Path | None,
    seed: int,
    merits: Mapping[str, Mapping[str, FigureOfMerit]],
) -> list[PlannedSection]:
    """The sections for these jets, latent space and history, as far as they are available."""
    real = _with_polynomials(checked.real)
    samples = {name: _with_polynomials(jets) for name, jets in checked.samples.items()}
    looks, named = lines(list(samples)), checked.reference
    generated = {name: jets for name, jets in samples.items() if name != RECONSTRUCTED}
    sections = classifier_section(merits, looks, real.kind.noun, named)
    sections += [_images(real, samples, named), _displays(real, samples, looks, seed, named)]
    if generated:
        sections += _distributions(real, generated, looks, named)
        sections.append(_correlations(real, generated, named))
        sections += _classes(real, next(iter(generated.values())), named)
    if RECONSTRUCTED in samples:
        sections.append(_reconstruction(real, samples[RECONSTRUCTED], looks, named))
    if latent is not None:
        kept = unweighted_draw(real.weights, torch.Generator().manual_seed(seed))
        sections.append(_latent(real[kept], latent[kept]))
    if history is not None:
        sections.append(training_section(history))
    return sections


def _images(real: MeasuredSets, samples: Mapping[str, MeasuredSets], named: str) -> PlannedSection:
    return PlannedSection(
        "images",
        "Average jet images",
        "The average over all jets of the share of the jet's transverse momentum in each of "
        f"{PIXELS} × {PIXELS} pixels (fewer for small samples) of pseudorapidity and azimuth "
        f"relative to the jet axis (|η|, |φ| < {HALF_WIDTH}). A good sample has the same image as "
        f"the {named} jets: the ratio is white and the difference has no structure.",
        (
            PlannedFigure(
                "jet_images",
                f"One row per sample: mean share of the jet pT for the {named} jets and for the "
                "sample, on one logarithmic scale; their ratio (orange: too much, blue: too "
                f"little, grey: fewer than {FEWEST_PARTICLES} particles in the smaller sample); "
                f"the sample minus the {named} jets.",
                partial(jet_images, real, samples, named),
                {
                    name: partial(jet_images, real, {name: jets}, named)
                    for name, jets in samples.items()
                },
            ),
        ),
    )


def _displays(
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    looks: Mapping[str, Line],
    seed: int,
    named: str,
) -> PlannedSection:
    reading = (
        "Randomly chosen jets, one per panel. Each disc is a particle; its area is proportional to "
        "its share of the jet's transverse momentum. Single jets differ from each other: look for "
        f"features that all jets of a row share and the {named} ones do not have."
    )
    if RECONSTRUCTED in samples:
        reading += f" A reconstructed jet is in the column of the {named} jet that was encoded."
    return PlannedSection(
        "gallery",
        "Single jets",
        reading,
        (
            PlannedFigure(
                "jet_displays",
                f"{named.capitalize()} jets in the first row, then one row per sample.",
                partial(jet_displays, real, samples, looks, seed, named),
                {
                    name: partial(jet_displays, real, {name: jets}, looks, seed, named)
                    for name, jets in samples.items()
                },
            ),
        ),
    )


def _distributions(
    real: MeasuredSets,
    generated: Mapping[str, MeasuredSets],
    looks: Mapping[str, Line],
    named: str,
) -> Iterator[PlannedSection]:
    for name, title, reading in (
        ("jets", "Jets", f"One value per jet. {how_panels_read(real.kind.noun, named)}"),
        (
            "particles",
            "Particles",
            "All particles of all jets, and the hardest, 5th and 20th hardest of each jet. Panels "
            "as in the section on jets.",
        ),
        (
            "substructure",
            "Substructure",
            "How the momentum of a jet is distributed among its particles. Jet tagging uses these "
            "observables, and independently drawn particles do not reproduce them. Panels as in "
            "the section on jets.",
        ),
        (
            "polynomials",
            "Energy-flow polynomials",
            "The five polynomials of W1EFP, from the connected graphs with four vertices and four "
            "edges: sums over all groups of four particles of the product of their pT shares and "
            "of four of their distances. Panels as in the section on jets.",
        ),
    ):
        drawing = _distribution(name, "generation", real, generated, looks, named)
        yield PlannedSection(name, title, reading, (drawing,))


def _distribution(
    group: str,
    label: str,
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    looks: Mapping[str, Line],
    named: str,
    *,
    panels: bool = True,
) -> PlannedFigure:
    quantities = PANELS[group]
    return distribution(f"{group}_{label}", real, samples, quantities, looks, named, panels=panels)


def _correlations(
    real: MeasuredSets, generated: Mapping[str, MeasuredSets], named: str
) -> PlannedSection:
    """The section on pairs of observables that all samples have."""
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
    return correlations(real, generated, shown, pairs, example, named)


def _reconstruction(
    real: MeasuredSets, reconstructed: MeasuredSets, looks: Mapping[str, Line], named: str
) -> PlannedSection:
    only, look = {RECONSTRUCTED: reconstructed}, looks[RECONSTRUCTED]
    rows = shown_residuals(real, reconstructed)
    return PlannedSection(
        "reconstruction",
        "Reconstruction",
        "Each held-out jet encoded and decoded: the loss of the autoencoder alone, without the "
        "prior. A residual is the reconstructed minus the original value; a relative residual is "
        "also divided by the original value. Residuals that are rounding errors are omitted. "
        "Below: the distributions of reconstructed and original jets. Since both are the same "
        "jets, pulls should be much smaller than one.",
        (
            PlannedFigure(
                "residuals",
                "Left: distribution of each residual, its median and half the width of its central "
                "68 %. Right: median (points, with statistical error) and central 68 % (band) in "
                "bins of the original jet's pT and number of particles; a slope is a bias.",
                partial(residual_panels, real, rows, look),
                {one.name: partial(residual_panels, real, [one], look) for one in rows},
            ),
            *(
                _distribution(group, "reconstruction", real, only, looks, named, panels=False)
                for group in PANELS
            ),
        ),
    )


_FEWEST_OF_A_CLASS = 50


def _classes(real: MeasuredSets, generated: MeasuredSets, named: str) -> list[PlannedSection]:
    """The section on classes with enough jets in both samples; none for fewer than two classes."""
    if not (real.frame.has_condition("type") and generated.frame.has_condition("type")):
        return []
    sides = []
    for side in (real, generated):
        types = side.frame.condition("type")
        sides.append(
            {
                real.kind.class_name(int(index)): side[types == index]
                for index in types.unique()
                if side[types == index].counted >= _FEWEST_OF_A_CLASS
            }
        )
    common = [name for name in sides[0] if name in sides[1]]
    if len(common) < 2:
        return []
    names = (*_CLASS_OBSERVABLES,)
    shown = [o for o in _EVERYTHING if o.name in names and o.name in real.observables]
    first, second = ({name: side[name] for name in common} for side in sides)
    return [classes_section(first, second, shown, real.kind.noun, named)]


def _with_polynomials(jets: MeasuredSets) -> MeasuredSets:
    """With the energy-flow polynomials of W1EFP as observables."""
    values = jets.polynomials[:, W1EFP]
    return jets.with_observables({q.name: values[:, k] for k, q in enumerate(POLYNOMIALS)})


def _latent(real: MeasuredSets, latent: LatentSpace) -> PlannedSection:
    known = [
        ObservableValues(o, real.observables[o.name])
        for o in _EVERYTHING
        if o.name in real.observables
    ]
    mass = "mass" if "mass" in real.observables else "relative_mass"
    colours = [o for o in known if o.observable.name in (mass, "multiplicity")]
    return latent_section(latent, colours, known, real.kind.noun)
