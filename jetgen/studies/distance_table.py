"""Tables of distances, whose cells are means over the trainings of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jetgen.evaluation.comparison import Comparison, Distance, Row
from jetgen.metrics.trainings import mean_of
from jetgen.reports.findings import Table
from jetgen.reports.formatting import floor_cell, with_uncertainty


def distance_table(
    name: str,
    title: str,
    comparison: Comparison,
    trainings: Mapping[str, Sequence[str]],
    sets: str,
) -> Table:
    """One row per variable with its floor and the mean distance of each model.

    Args:
        name: the name of the table.
        title: a description of the samples.
        comparison: the distances; the last two rows are correlations and pairs.
        trainings: the samples of each model, one per training.
        sets: the name of the sets in the plural (events, muons).
    """
    rows = [
        [*floor_cells(row), *(distance_cell(row, samples) for samples in trainings.values())]
        for row in comparison.rows
    ]
    return Table(
        name,
        f"1-Wasserstein distances: {title}",
        ["variable", "real against real", *trainings],
        rows,
        f"{comparison.jets} against {comparison.jets} {sets}; ± is the error of the mean over "
        "trainings with other seeds, or of one training that of "
        f"{comparison.replicas} bootstrap resamplings. The last two rows are not Wasserstein "
        "distances but distances of correlation matrices and of two-dimensional histograms.",
    )


def floor_cells(row: Row) -> list[str]:
    """The title of a row with its unit, and its floor."""
    unit, title = row.quantity.unit, row.quantity.observable.title
    return [f"{title} [{unit}]" if unit else title, floor_cell(row)]


def distance_cell(row: Row, samples: Sequence[str]) -> str:
    """The mean distance of the samples of one model; a dash if it lacks the quantity."""
    found = [row.distances[sample] for sample in samples if sample in row.distances]
    return mean_distance(found, row.quantity.scale) if found else "–"


def mean_distance(distances: Sequence[Distance], scale: float) -> str:
    """:func:`mean_cell` of the distances of several trainings."""
    return mean_cell([d.value for d in distances], distances[0].uncertainty, scale)


def mean_cell(values: Sequence[float], error_of_one: float, scale: float = 1.0) -> str:
    """The mean over trainings and its error; that of one training is given."""
    mean = mean_of(values)
    error = mean.error if mean.freedom > 0 else error_of_one
    return with_uncertainty(mean.value / scale, error / scale)
