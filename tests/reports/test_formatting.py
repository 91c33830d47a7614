"""Rounded numbers and verdicts."""

import math

import pytest

from jetgen.evaluation.comparison import Comparison, Distance, Row
from jetgen.kinds import JETS
from jetgen.physics.quantities import QUANTITIES
from jetgen.reports.formatting import cell, floor_cell, verdict, with_uncertainty


def comparison(**spreads):
    rows = tuple(
        Row(
            quantity,
            1.0,
            0.5,
            {name: Distance(1 + 0.5 * s[i], 0.1, s[i]) for name, s in spreads.items()},
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


def test_the_verdict_counts_and_names_the_worst():
    table = comparison(generated=[0.0, 5.0, 20.0], **{JETS.baseline: [1.0, 4.0, 100.0]})
    words = verdict(table, "generated")
    assert words.startswith("1 of 3 quantities indistinguishable")
    assert "1 close, 1 different" in words
    assert f"Farthest: {QUANTITIES[2].observable.title} (20.0 spreads above the floor)" in words
    assert "Nearer to real jets than independent particles in 1 quantities, farther in 1" in words
    assert "in 1 both are at the floor" in words
    assert "Nearer" not in verdict(table, JETS.baseline)


def test_a_perfect_sample_has_no_worst():
    assert "Farthest" not in verdict(comparison(generated=[0.0, 1.0, -2.0]), "generated")


def test_cells_are_in_the_unit_of_the_row():
    row = comparison(generated=[2.0, 0, 0]).rows[0]  # in thousandths
    assert row.quantity.unit == "10⁻³"
    assert cell(row, "generated") == ("2000 ± 100", "+2.0 spreads", "indistinguishable")
    assert floor_cell(row) == "1000 ± 500"
    assert cell(row, "unknown").verdict == "unknown"
