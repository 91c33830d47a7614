"""What is read off a classifier's output: closed forms."""

import numpy as np
import pytest
import torch

from jetgen.classifiers.figure_of_merit import (
    Weights,
    area_under_roc,
    auc_standard_error,
    compare_outputs,
    halves,
    roc_curve,
    score_outputs,
)
from jetgen.errors import InputError


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
    assert roc_curve(np.zeros(100), np.zeros(100)) == ((0, 0),) * 100 + ((1, 1),)


def test_the_area_under_the_curve_is_the_auc():
    random = np.random.default_rng(1)
    real, generated = random.normal(0, 1, 5000), random.normal(1, 1, 5000)
    merit = score_outputs(real, generated, jets=10_000)
    x, y = np.array(merit.roc).T
    assert (x[0], y[0]) == (0, 0) and (x[-1], y[-1]) == (1, 1)
    assert (np.diff(x) >= 0).all() and (np.diff(y) >= 0).all()
    area = (np.diff(x) * (y[1:] + y[:-1]) / 2).sum()
    assert area == pytest.approx(merit.auc, abs=1e-3)


def test_no_jet_is_trained_on_and_tested():
    dealt = halves(torch.ones(301), torch.ones(500), 100_000, seed=1)
    assert [len(part) for part in dealt] == [150, 150, 151, 151] and dealt.jets == 301
    assert torch.cat([dealt.train_real, dealt.test_real]).sort().values.equal(torch.arange(301))
    assert len(torch.cat([dealt.train_generated, dealt.test_generated]).unique()) == 301
    with pytest.raises(InputError, match="at least 100 jets of each kind, received 99 and 500"):
        halves(torch.ones(99), torch.ones(500), 100_000, seed=1)


def test_weights_count_as_copies():
    random = np.random.default_rng(1)
    real, generated = random.normal(0, 1, 300), random.normal(0.5, 1, 300)
    copies = random.integers(1, 4, 300)
    weights = Weights(copies.astype(float), np.ones(300))
    repeated = np.repeat(real, copies)
    assert area_under_roc(real, generated, weights) == pytest.approx(
        area_under_roc(repeated, generated)
    )
    roc = np.array(roc_curve(real, real, Weights(copies.astype(float), np.ones(300))))
    assert np.abs(roc[:, 0] - roc[:, 1]).max() < 0.06  # the weights do not depend on the values
    scaled = Weights(7.0 * np.ones(300), 0.1 * np.ones(300))
    assert score_outputs(real, generated, 600, weights=scaled)[:4] == pytest.approx(
        score_outputs(real, generated, 600)[:4]
    )


def test_the_chi_squared_of_weighted_samples_of_one_law_is_one():
    random = np.random.default_rng(2)
    found = []
    for _ in range(200):
        weights = Weights(random.exponential(size=2000), np.ones(2000))
        found.append(compare_outputs(random.random(2000), random.random(2000), weights)[0])
    assert np.mean(found) == pytest.approx(1, abs=0.07)
