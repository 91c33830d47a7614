"""Boosted trees: what they see, and what decides it."""

import pytest
import torch

from jetgen.errors import InputError
from jetgen.evaluation.boosted_trees import figure_of_merit


def gaussian(jets, seed, shift=0.0):
    x = torch.randn(jets, 3, generator=torch.Generator().manual_seed(seed))
    x[:, 1] += shift
    return x


def test_equal_samples_are_not_told_apart_and_a_shift_is():
    same = figure_of_merit(gaussian(2000, 1), gaussian(2000, 2), "abc")
    assert same.auc == pytest.approx(0.5, abs=4 * same.auc_error)
    assert same.jets == 2000
    shifted = figure_of_merit(gaussian(2000, 1), gaussian(2000, 2, shift=1.0), "abc")
    # the best there is for a shift by one standard deviation: Phi(1 / sqrt 2)
    assert 0.70 < shifted.auc < 0.76 + 3 * shifted.auc_error
    assert shifted.telling[0][0] == "b"
    assert shifted.chi2 > 5 and shifted.overlap < 0.75


def test_the_seed_decides():
    samples = gaussian(400, 1), gaussian(300, 2)
    assert figure_of_merit(*samples, "abc") == figure_of_merit(*samples, "abc")
    assert figure_of_merit(*samples, "abc") != figure_of_merit(*samples, "abc", seed=2)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="at least 100 jets of each kind"):
        figure_of_merit(gaussian(99, 1), gaussian(500, 2), "abc")
    with pytest.raises(InputError, match="as many features as the 2 names"):
        figure_of_merit(gaussian(500, 1), gaussian(500, 2), "ab")
