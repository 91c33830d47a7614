"""Boosted trees: what they see, and what decides it."""

import pytest
import torch

from jetgen.classifiers.boosted_trees import figure_of_merit
from jetgen.errors import InputError


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
    assert shifted.importances[0][0] == "b"
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


def test_weights_make_a_skewed_sample_the_real_one_again():
    """Real jets drawn too often to the right, with the weights that make up for it."""
    right = (gaussian(6000, 3)[:, 1] > 0).double()
    pool = gaussian(6000, 3)
    kept = torch.rand(6000, generator=torch.Generator().manual_seed(4)) < 0.25 + 0.75 * right
    real, weights = pool[kept], torch.where(pool[kept][:, 1] > 0, 1.0, 4.0)
    made = gaussian(3000, 5)
    skewed = figure_of_merit(real, made, "abc")
    assert skewed.auc > 0.6 and skewed.importances[0][0] == "b"
    mended = figure_of_merit(real, made, "abc", weights=(weights, torch.ones(3000)))
    assert mended.auc == pytest.approx(0.5, abs=4 * mended.auc_error)
    assert mended.auc_error > skewed.auc_error
    assert mended.chi2 < 3 and mended.overlap > 0.85


def test_equal_weights_are_none_and_others_close_to_them_give_close_figures():
    samples = gaussian(2000, 1), gaussian(2000, 2) + 0.5
    plain = figure_of_merit(*samples, "abc")
    threes = torch.full((2000,), 3.0)
    same = figure_of_merit(*samples, "abc", weights=(threes, threes / 7))
    assert same.importances == plain.importances
    assert same.auc == pytest.approx(plain.auc)
    unequal = torch.linspace(1, 1.001, 2000)
    weighted = figure_of_merit(*samples, "abc", weights=(unequal, unequal))
    assert weighted.auc == pytest.approx(plain.auc, abs=0.02)
