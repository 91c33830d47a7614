"""Boosted trees: closed forms of their figures, and what they see."""

import numpy as np
import pytest
import torch

from jetgen.errors import InputError
from jetgen.evaluation.classifier import (
    area_under_roc,
    auc_standard_error,
    compare_outputs,
    figure_of_merit,
)


def gaussian(jets, seed, shift=0.0):
    x = torch.randn(jets, 3, generator=torch.Generator().manual_seed(seed))
    x[:, 1] += shift
    return x


def test_area_under_roc_counts_pairs():
    assert area_under_roc(np.array([0.1, 0.2]), np.array([0.3, 0.9])) == 1
    assert area_under_roc(np.array([0.1, 0.5]), np.array([0.5, 0.2])) == pytest.approx(2.5 / 4)
    assert auc_standard_error(0.5, 100, 100) == pytest.approx((201 / 120_000) ** 0.5, rel=1e-9)


def test_chi_squared_is_one_for_samples_of_one_law_and_overlap_is_full():
    random = np.random.default_rng(1)
    found = [compare_outputs(random.random(2000), random.random(3000)) for _ in range(100)]
    assert np.mean([chi2 for chi2, _ in found]) == pytest.approx(1, abs=0.1)
    assert np.mean([overlap for _, overlap in found]) > 0.94


def test_separated_and_constant_outputs():
    assert compare_outputs(np.zeros(100), np.ones(100)) == (pytest.approx(200), 0)
    assert compare_outputs(np.zeros(100), np.zeros(100)) == (0, 1)


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
