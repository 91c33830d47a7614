"""What the studies decide their claims by."""

import math

import pytest

from jetgen.reports.findings import mean_difference


def test_the_error_of_a_mean_difference_is_that_of_its_pairs():
    mean, error = mean_difference([(3.0, 1.0), (5.0, 1.0), (4.0, 1.0)])
    assert mean == 3.0 and error == pytest.approx(1 / math.sqrt(3))
