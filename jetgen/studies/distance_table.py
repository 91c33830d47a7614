"""The table of distances of every model in every variable, for studies of small sets."""

from __future__ import annotations

from jetgen.evaluation.comparison import Comparison, Row
from jetgen.reports.findings import Table
from jetgen.reports.formatting import cell, floor_cell


def distance_table(name: str, title: str, comparison: Comparison, sets: str) -> Table:
    """One row per variable with its floor and the distance of each sample.

    Args:
        name: the name of the table.
        title: a description of the samples.
        comparison: the distances; the last two rows are correlations and pairs.
        sets: the name of the sets in the plural (events, muons).
    """
    return Table(
        name,
        f"1-Wasserstein distances: {title}",
        ["variable", "real against real", *comparison.samples],
        [_row(row, comparison) for row in comparison.rows],
        f"{comparison.jets} against {comparison.jets} {sets}, ± from {comparison.replicas} "
        "bootstrap resamplings; the last two rows are not Wasserstein distances but distances of "
        "correlation matrices and of two-dimensional histograms.",
    )


def _row(row: Row, comparison: Comparison) -> list[str]:
    unit, symbol = row.quantity.unit, row.quantity.observable.title
    cells = [cell(row, sample).number for sample in comparison.samples]
    return [f"{symbol} [{unit}]" if unit else symbol, floor_cell(row), *cells]
