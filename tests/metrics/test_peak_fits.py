"""Shapes against their definitions, and fits of toys against the law they were drawn from."""

import numpy as np
import pytest
from scipy.integrate import quad

from jetgen.errors import InputError
from jetgen.metrics.peak_fits import (
    SHAPES,
    breit_wigner,
    crystal_ball,
    fit_peak,
    gaussian,
    peak_shifts,
)

WINDOW = (60.0, 100.0)
TRUTH = {
    "gaussian": {"mass": 80.4, "width": 5.0},
    "crystal-ball": {
        "mass": 80.4,
        "width": 4.0,
        "alpha_low": 1.0,
        "power_low": 3.0,
        "alpha_high": 1.3,
        "power_high": 4.0,
    },
    "breit-wigner": {"mass": 80.4, "width": 5.0, "resolution": 3.0},
}


def toys(shape: str, size: int, seed: int) -> np.ndarray:
    """Masses from a shape, by the inverse of its cumulative distribution on a fine grid."""
    grid = np.linspace(*WINDOW, 20_001)
    steps = SHAPES[shape].density((grid[1:] + grid[:-1]) / 2, **TRUTH[shape])
    cumulative = np.concatenate([[0.0], np.cumsum(steps)])
    uniform = np.random.default_rng(seed).random(size)
    return np.interp(uniform, cumulative / cumulative[-1], grid)


@pytest.mark.parametrize("x", [20.0, 75.0, 80.0, 84.0, 130.0])
def test_breit_wigner_is_the_convolution(x):
    mass, width, resolution = 80.4, 2.1, 3.0

    def integrand(t):
        peak = mass * width / ((t * t - mass * mass) ** 2 + (mass * width) ** 2)
        normal = np.exp(-0.5 * ((x - t) / resolution) ** 2) / (resolution * np.sqrt(2 * np.pi))
        return peak * normal

    expected = quad(integrand, x - 40, x + 40, points=[mass, x], limit=500, epsabs=1e-14)[0]
    assert breit_wigner(np.array([x]), mass, width, resolution)[0] == pytest.approx(expected, 1e-6)


def test_crystal_ball_is_smooth_and_becomes_a_gaussian():
    x = np.linspace(50, 110, 101)
    far = {"alpha_low": 20, "power_low": 3, "alpha_high": 20, "power_high": 3}
    np.testing.assert_allclose(crystal_ball(x, 80, 4, **far), gaussian(x, 80, 4))
    near = {"alpha_low": 1.5, "power_low": 2, "alpha_high": 0.5, "power_high": 5}
    for join in (80 - 1.5 * 4, 80 + 0.5 * 4):
        around = join + np.array([-2e-4, -1e-4, 1e-4, 2e-4])
        values = crystal_ball(around, 80, 4, **near)
        slopes = np.diff(values)[[0, 2]] / 1e-4
        assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
    tail = crystal_ball(np.array([80 + 4 * 1000.0, 80 + 4 * 2000.0]), 80, 4, **near)
    assert tail[0] / tail[1] == pytest.approx(2**5, rel=0.05)


@pytest.mark.parametrize("shape", SHAPES)
def test_pulls_of_toys_are_standard_normal(shape):
    fits = [fit_peak(toys(shape, 4000, seed), shape, WINDOW, bins=40) for seed in range(25)]
    assert sum(fit.valid for fit in fits) >= 23
    pulls = np.array(
        [
            [(fit.values[n] - TRUTH[shape][n]) / fit.errors[n] for n in ("mass", "width")]
            for fit in fits
        ]
    )
    assert np.all(np.abs(pulls.mean(0)) < 0.8)  # four errors of a mean of 25
    assert np.all((pulls.std(0) > 0.5) & (pulls.std(0) < 1.6))
    chances = np.array([fit.p_value for fit in fits])
    assert 0.2 < chances.mean() < 0.8 and chances.min() > 1e-4


def test_the_wrong_shape_fits_badly():
    masses = toys("breit-wigner", 20_000, 1)
    assert fit_peak(masses, "gaussian", WINDOW).p_value < 1e-6
    assert fit_peak(masses, "breit-wigner", WINDOW).p_value > 1e-3


def test_shift_of_the_same_jets_is_known_better_than_either_mass():
    before = toys("gaussian", 4000, 1)
    noise = np.random.default_rng(2).normal(size=len(before))
    after = before + 0.5 + 0.5 * noise
    shifts = peak_shifts(before, after, "gaussian", WINDOW, bins=40, replicas=15)
    assert shifts["mass"].error < 0.5 * fit_peak(before, "gaussian", WINDOW).errors["mass"]
    assert abs(shifts["mass"].value - 0.5) < 5 * shifts["mass"].error + 0.02
    assert shifts["mass"].significance > 10
    with pytest.raises(InputError, match="the same jets twice"):
        peak_shifts(before, after[1:], "gaussian", WINDOW)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="expected one of gaussian"):
        fit_peak(np.full(100, 80.0), "lorentz", WINDOW)
    with pytest.raises(InputError, match="expected at least 50 between 60 and 100, received 3"):
        fit_peak([70.0, 80.0, 90.0, 110.0], "gaussian", WINDOW)
