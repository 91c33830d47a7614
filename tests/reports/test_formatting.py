"""Rounded numbers."""

import math

import pytest

from jetgen.evaluation.comparison import Comparison, Distance, Row
from jetgen.physics.quantities import QUANTITIES
from jetgen.reports.formatting import cell, floor_cell, with_uncertainty


def comparison(**spreads):
    rows = tuple(
        Row(
            quantity,
            1.0,
            0.5,
            {
                name: Distance(1 + 0.5 * s[i], 0.1, s[i], 1 + 0.5 * s[i])
                for name, s in spreads.items()
            },
        )
        for i, quantity in enumerate(QUANTITIES[:3])
    )
    return Comparison(rows, tuple(spreads), 100, 200, 10, 1, ())


@pytest.mark.parametrize(
    ("value", "uncertainty", "text"),
    [
        (0.1234, 0.0456, "0.123 ± 0.046"),
        (1.0, 0.0996, "1.000 ± 0.100"),
        (812.3, 12.3, "812 ± 12"),
        (0.5, 0.0, "0.5"),
        (0.5, math.nan, "0.5"),
    ],
)
def test_numbers_have_the_digits_that_they_deserve(value, uncertainty, text):
    assert with_uncertainty(value, uncertainty) == text


def test_cells_are_in_the_unit_of_the_row():
    row = comparison(generated=[2.0, 0, 0]).rows[0]  # in thousandths
    assert row.quantity.unit == "10⁻³"
    assert cell(row, "generated") == ("2000 ± 100", "+2.0 σ, 2 ×", "indistinguishable")
    assert floor_cell(row) == "1000 ± 500"
    assert cell(row, "unknown").verdict == "unknown"
