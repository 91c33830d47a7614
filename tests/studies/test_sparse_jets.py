"""The verdict on a claim follows from the distances and their errors."""

import pytest

from jetgen.evaluation.comparison import Distance
from jetgen.studies.sparse_jets import _difference, _equal, _ordered


def distances(*values: float) -> list[Distance]:
    return [Distance(value, 0.3, 0.0) for value in values]


def test_the_error_of_a_mean_difference_is_the_larger_of_spread_and_bootstrap():
    pairs = list(zip(distances(3.0, 3.1), distances(1.0, 1.1), strict=True))
    mean, error = _difference(pairs)
    assert mean == pytest.approx(2.0) and error == pytest.approx(0.3)
    mean, error = _difference(list(zip(distances(3.0, 5.0), distances(1.0, 1.0), strict=True)))
    assert mean == 3.0 and error == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [((1.0, 2.0), "confirmed"), ((1.0, -1.0), "not confirmed"), ((1.0, 0.1), "undecided")],
)
def test_an_order_must_hold_in_every_quantity(differences, verdict):
    found = {str(k): (value, 0.3) for k, value in enumerate(differences)}
    assert _ordered("A is worse", found, "W1").verdict == verdict


def test_equality_is_refuted_by_one_quantity():
    assert _equal("alike", {"pt": (0.5, 0.3), "eta": (-0.5, 0.3)}, "W1").verdict == "confirmed"
    assert _equal("alike", {"pt": (0.5, 0.3), "eta": (-0.7, 0.3)}, "W1").verdict == "not confirmed"
