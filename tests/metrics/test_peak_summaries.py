"""Position and width of peaks without a fit."""

import numpy as np
import pytest

from jetgen.errors import InputError
from jetgen.metrics.peak_summaries import SUMMARIES, peak_summary, summary_shifts

WINDOW = (60.0, 100.0)


def normal(number: int, mean: float, width: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, width, number)


def test_a_gaussian_peak_has_its_mean_and_standard_deviation():
    found = peak_summary(normal(50_000, 80, 4), WINDOW)
    assert found["median"] == pytest.approx(80, abs=0.1)
    assert found["width"] == pytest.approx(4 * 0.99446, rel=0.02)
    assert found["share"] == pytest.approx(1, abs=1e-3)


def test_weights_count_as_copies_and_masses_outside_only_in_the_share():
    masses = normal(2000, 80, 12)
    weights = np.random.default_rng(2).integers(1, 4, 2000)
    weighted = peak_summary(masses, WINDOW, weights=weights)
    copies = peak_summary(np.repeat(masses, weights), WINDOW)
    assert weighted == pytest.approx(copies, abs=0.05) and 0.85 < weighted["share"] < 0.95


def test_bootstrap_errors_are_the_spread_over_samples_and_pairs_share_fluctuations():
    noise = normal(1000, 0.5, 1.0, seed=3)
    before = normal(1000, 80, 4)
    pairs = summary_shifts(before, before + noise, WINDOW)
    others = summary_shifts(before, normal(1000, 80.5, 4.1, seed=5), WINDOW, paired=False)
    repeated = [
        peak_summary(normal(1000, 80.5, 4.1, seed=10 + k), WINDOW)["median"]
        - peak_summary(normal(1000, 80, 4, seed=500 + k), WINDOW)["median"]
        for k in range(200)
    ]
    assert others["median"].error == pytest.approx(np.std(repeated), rel=0.3)
    assert pairs["median"].error < 0.6 * others["median"].error
    assert abs(pairs["median"].value - 0.5) < 5 * pairs["median"].error


def test_the_same_jets_do_not_change():
    masses = normal(200, 80, 4)
    found = summary_shifts(masses, masses, WINDOW, replicas=20)
    assert {(found[name].value, found[name].error) for name in SUMMARIES} == {(0.0, 0.0)}


def test_wrong_arguments_are_named():
    masses = normal(50, 80, 4)
    with pytest.raises(InputError, match="expected LOW below HIGH, received 100 and 60"):
        peak_summary(masses, (100, 60))
    with pytest.raises(InputError, match="between 10 and 20, received none"):
        peak_summary(masses, (10, 20))
    with pytest.raises(InputError, match="the same jets twice, received 50 and 49"):
        summary_shifts(masses, masses[1:], WINDOW)
