"""What a report can be about: jets, or sets with any named features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.cloud import ParticleCloud
from jetgen.evaluation.checks import ComparisonInput, check
from jetgen.evaluation.columns import check_columns, column_merits, compare_columns
from jetgen.evaluation.comparison import Comparison, compare_checked
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.baselines import independent_columns, independent_particles
from jetgen.physics.columns import ENTRY, are_jets
from jetgen.physics.observables import JET, Noun
from jetgen.physics.quantities import SUBSTRUCTURE, Quantity
from jetgen.reports.column_sections import column_report_sections
from jetgen.reports.formatting import COLUMN_BASELINE, JET_BASELINE
from jetgen.reports.jet_sections import jet_report_sections
from jetgen.reports.sections import PlannedSection


class Subject(NamedTuple):
    """How sets are measured, compared and shown.

    Args:
        noun: what they are called.
        check: measures the real sets, the samples and the training sets.
        compare: the table of distances; takes ``seed``.
        contents: the sections, from what was checked, the latent space, the history and the seed.
        merits: how well a classifier tells each sample from the real sets; takes ``seed``.
        baseline: the name of a trivial generator, and the generator.
        preface: how every quantity is measured, in a sentence.
        further: quantities that are drawn and not in the table.
    """

    noun: Noun
    check: Callable[..., ComparisonInput]
    compare: Callable[..., Comparison]
    contents: Callable[
        [ComparisonInput, LatentSpace | None, Path | None, int], list[PlannedSection]
    ]
    merits: Callable[..., dict[str, FigureOfMerit]]
    baseline: tuple[str, Callable[..., ParticleCloud]]
    preface: str
    further: Sequence[Quantity] = ()


JETS = Subject(
    JET,
    check,
    compare_checked,
    jet_report_sections,
    lambda checked, seed: {},
    (JET_BASELINE, independent_particles),
    "Every jet, real or generated, is the sum of its particles, taken as massless; every particle "
    "is measured from the four-momentum sum of its own jet. The order of particles plays no role.",
    SUBSTRUCTURE,
)

ENTRIES = Subject(
    ENTRY,
    check_columns,
    compare_columns,
    column_report_sections,
    column_merits,
    (COLUMN_BASELINE, independent_columns),
    "Columns are compared as they are, in the units of the files. Sets of the same few items have "
    "one value for each, in falling pT or, without one, in falling order of the first column; of "
    "larger sets, and of sets of varying size, all items are taken together.",
)


def subject_of(sets: ParticleCloud) -> Subject:
    """Jets where sets of several particles have momenta, entries otherwise."""
    return JETS if are_jets(sets) else ENTRIES
