"""The table of every model's distances in every variable, as studies of small sets show it."""

from __future__ import annotations

from jetgen.evaluation.comparison import Comparison, Row
from jetgen.reports.findings import Table
from jetgen.reports.formatting import cell, floor_cell


def distance_table(name: str, title: str, comparison: Comparison, sets: str) -> Table:
    """A row a variable, its floor and then each sample.

    Args:
        name: the table's name.
        title: what is compared, in words.
        comparison: the distances, whose last two rows are of correlations and pairs.
        sets: what is compared, in the plural.
    """
    return Table(
        name,
        f"1-Wasserstein distances: {title}",
        ["variable", "real against real", *comparison.samples],
        [_row(row, comparison) for row in comparison.rows],
        f"{comparison.jets} against {comparison.jets} {sets}, ± from {comparison.replicas} "
        "bootstrap resamplings; the last two rows are no Wasserstein distances but those of the "
        "correlation matrices and of the two-dimensional histograms.",
    )


def _row(row: Row, comparison: Comparison) -> list[str]:
    unit, symbol = row.quantity.unit, row.quantity.observable.title
    cells = [cell(row, sample).number for sample in comparison.samples]
    return [f"{symbol} [{unit}]" if unit else symbol, floor_cell(row), *cells]
