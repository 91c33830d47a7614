"""The verdict on a claim follows from the distances and their errors."""

import pytest

from jetgen.evaluation.comparison import Distance
from jetgen.studies.sparse_jets import _difference, _ordered


def distances(*values: float) -> list[Distance]:
    return [Distance(value, 0.3, 0.0) for value in values]


def test_the_error_of_a_mean_difference_adds_in_quadrature():
    pairs = list(zip(distances(3.0, 5.0), distances(1.0, 1.0), strict=True))
    mean, error = _difference(pairs)
    assert mean == 3.0 and error == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("worse", "better", "verdict"),
    [(3, 1, "confirmed"), (1, 3, "not confirmed"), (1.2, 1, "undecided")],
)
def test_claims_are_judged_in_units_of_their_error(worse, better, verdict):
    claim = _ordered("A is worse", zip(distances(worse), distances(better), strict=True), "W1")
    assert claim.verdict == verdict and f"{'1' if worse > better else '0'} of 1" in claim.evidence
