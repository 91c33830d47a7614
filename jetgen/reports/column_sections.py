"""The sections of a report of sets with named features: single columns, and pairs of columns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import torch

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput
from jetgen.evaluation.columns import column_quantities, paired_columns
from jetgen.metrics.correlations import correlations as matrix
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.observable_values import observe
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.reports.sections import (
    PlannedSection,
    classifier_section,
    correlations,
    distribution,
    how_panels_read,
    latent_section,
    training_section,
)
from jetgen.reports.style import lines
from jetgen.weights import unweighted_draw

_MOST_PAIRS = 21
"""Largest number of pairs of columns with a figure: all pairs of seven columns."""

_COLOURS = 2


def column_report_sections(
    checked: ComparisonInput,
    latent: LatentSpace | None,
    history: Path | None,
    seed: int,
    merits: Mapping[str, Mapping[str, FigureOfMerit]],
) -> list[PlannedSection]:
    """The sections for these entries, latent space and history, as far as they are available."""
    real, samples = checked.real, checked.samples
    looks, noun = lines(list(samples)), real.kind.noun
    generated = {name: sets for name, sets in samples.items() if name != RECONSTRUCTED}
    quantities = column_quantities(checked)
    reference = checked.reference
    reading = how_panels_read(noun, reference)
    sections = classifier_section(merits, looks, noun, reference)
    if generated:
        drawing = distribution("columns_generation", real, generated, quantities, looks, reference)
        sections.append(PlannedSection("columns", "Columns", reading, (drawing,)))
    shown = paired_columns([real, *generated.values()])
    if generated and len(shown) > 1:
        sections.append(correlations(real, generated, shown, _pairs(real, shown), "", reference))
    if RECONSTRUCTED in samples:
        only = {RECONSTRUCTED: samples[RECONSTRUCTED]}
        drawing = distribution("columns_reconstruction", real, only, quantities, looks, reference)
        words = (
            f"Each held-out {noun.one} encoded and decoded: the loss of the autoencoder alone, "
            f"without the prior. Since both are the same {noun.many}, pulls should be much smaller "
            "than one."
        )
        sections.append(PlannedSection("reconstruction", "Reconstruction", words, (drawing,)))
    if latent is not None:
        kept = unweighted_draw(real.weights, torch.Generator().manual_seed(seed))
        observed = list(observe(real.relative[kept], real[kept]).values())
        sections.append(latent_section(latent[kept], observed[:_COLOURS], observed, noun))
    if history is not None:
        sections.append(training_section(history))
    return sections


def _pairs(real: MeasuredSets, shown: list[Observable]) -> list[tuple[Observable, Observable]]:
    """All pairs, or if these are too many, those with the largest correlations in the real sets."""
    values = {observable.name: real.observables[observable.name] for observable in shown}
    strength = matrix(values, real.frame.weights).abs()
    every = sorted(combinations(range(len(shown)), 2), key=lambda pair: -float(strength[pair]))
    return [(shown[i], shown[j]) for i, j in sorted(every[:_MOST_PAIRS])]
