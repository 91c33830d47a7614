"""Binned distributions: nothing lost, visible overflow, honest errors."""

import math

import numpy as np
import pytest
import torch

from jetgen.physics.quantities import Values
from jetgen.reports.histograms import (
    Density,
    binning,
    density,
    floor_band,
    nice_width,
    pull,
    ratio,
    shortest_quarter,
)


def one_each(values):
    return Values(values.double(), torch.arange(len(values)))


@pytest.mark.parametrize("name", ["mass", "ptrel", "phi", "multiplicity"])
def test_every_value_lands_in_a_bin(name):
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(500, generator=generator).double() * 6 - 3
    if name in ("ptrel", "multiplicity"):
        real = real.abs() + 0.01
    if name == "multiplicity":
        real = (10 * real).round()
    other = real * 1.02 if name == "phi" else real * 3
    bins = binning(real.numpy(), [other.numpy()], name=name)
    for values in (real, other):
        found = density(one_each(values), torch.ones(500), bins)
        assert (found.height * bins.widths).sum() == pytest.approx(1)


def test_what_lies_beyond_is_collected_in_a_marked_bin():
    real = torch.linspace(0, 1, 1000).double()
    other = torch.cat([torch.full((30,), 50.0).double(), real[30:]])
    bins = binning(real.numpy(), [other.numpy()], name="mass")
    assert bins.overflow
    found = density(one_each(other), torch.ones(1000), bins)
    reference = density(one_each(real), torch.ones(1000), bins)
    last = (found.height - reference.height)[-1] * bins.widths[-1]
    assert last == pytest.approx(0.03)
    assert bins.edges[-1] < 1.2  # the outlier does not squeeze the rest


def test_whole_numbers_have_bins_about_them():
    real = torch.arange(10, 40).double()
    bins = binning(real.numpy(), [real.numpy()], name="multiplicity")
    assert np.allclose(np.modf(bins.edges)[0], 0.5)
    assert bins.edges[0] < 10 < 39 < bins.edges[-1]


def test_all_values_alike_still_have_bins():
    bins = binning(np.full(50, 3.0), [np.full(50, 3.0)], name="mass")
    assert (np.diff(bins.edges) > 0).all()


def test_particles_of_a_jet_are_no_independent_counts():
    """Each jet's values all in one of two bins: the error is that of 100 coins, not of 1000."""
    jets, copies = 100, 10
    side = torch.arange(jets) % 2
    values = Values(
        side.repeat_interleave(copies).double(), torch.arange(jets).repeat_interleave(copies)
    )
    bins = binning(np.array([0.0, 0.4, 0.6, 1.0] * 100), [], name="mass")
    found = density(values, torch.ones(jets), bins)
    assert (found.error * bins.widths).max() == pytest.approx(copies * 0.5 / math.sqrt(jets))


def test_weights_count_and_errors_shrink_with_jets():
    values = torch.tensor([0.1, 0.9] * 50)
    weights = torch.tensor([3.0, 1.0] * 50)
    bins = binning(values.numpy(), [], name="mass")
    found = density(one_each(values), weights, bins)
    shares = found.height * bins.widths
    assert shares.max() == pytest.approx(0.75)
    four = density(one_each(values.repeat(4)), weights.repeat(4), bins)
    assert four.error.max() == pytest.approx(found.error.max() / 2)


def test_ratio_is_blank_where_there_is_nothing_real():
    bins = binning(np.linspace(0, 1, 100), [], name="mass")
    real = density(one_each(torch.full((10,), 0.5)), torch.ones(10), bins)
    found = ratio(real, real)
    assert np.nansum(found.height) == 1
    assert np.isnan(found.height).sum() == len(found.height) - 1


@pytest.mark.parametrize("least", [0.0013, 1.0, 7.7, 950.0])
def test_widths_are_round(least):
    width = nice_width(least)
    digit = width / 10 ** math.floor(math.log10(width) + 1e-9)
    assert min(abs(digit - nice) for nice in (1, 2, 2.5, 4, 5, 10)) < 1e-6
    assert 0.999 * least <= width <= 2.5 * least


def test_a_narrow_peak_on_a_wide_background_has_narrow_bins():
    """A mass peak of width 5 in a range of 300: three bins between its half heights."""
    generator = torch.Generator().manual_seed(1)
    peak = 80 + 5 * torch.randn(4000, generator=generator)
    flat = 300 * torch.rand(4000, generator=generator)
    values = torch.cat([peak, flat]).double().numpy()
    bins = binning(values, [], name="mass")
    assert 2.355 * 5 / bins.widths[0] > 2.9
    assert len(bins.edges) <= 103


def test_the_shortest_quarter_is_that_of_the_density():
    values = np.linspace(0, 1, 2001)
    assert shortest_quarter(values, np.ones(2001)) == pytest.approx(0.25, abs=1e-3)
    for number in range(1, 14):
        few = np.sort(np.random.default_rng(number).normal(size=number))
        assert shortest_quarter(few, None) == shortest_quarter(few, np.ones(number))
    assert shortest_quarter(values, 1 + 7 * (values < 0.1)) == pytest.approx(0.0531, abs=1e-3)
    assert shortest_quarter(np.array([2.0, 2.0, 2.0, 9.0]), np.ones(4)) == 0


def test_zeros_of_a_logarithmic_quantity_are_underflow():
    values = np.array([0.0, 0.0, *10 ** np.linspace(-6, -2, 98)])
    bins = binning(values, [], name="efp_1")
    assert bins.underflow and bins.logarithmic
    found = density(one_each(torch.from_numpy(values)), torch.ones(100), bins)
    assert found.height[0] * bins.widths[0] == pytest.approx(0.02, abs=0.011)
    assert (found.height * bins.widths).sum() == pytest.approx(1)


def test_pulls_of_one_law_are_standard_normal():
    """The spread of pulls between two samples of one law is one, whatever their sizes."""
    generator = torch.Generator().manual_seed(3)
    found, relative = [], []
    for _ in range(40):
        first, second = torch.rand(2000, generator=generator), torch.rand(500, generator=generator)
        bins = binning(first.numpy(), [second.numpy()], name="mass")
        real, sample = (density(one_each(x), torch.ones(len(x)), bins) for x in (first, second))
        found.append(pull(sample, real)[1:-1])
        relative.append(((sample.height / real.height - 1) / floor_band(real, 2000, 500))[1:-1])
    assert np.concatenate(found).std() == pytest.approx(1, abs=0.1)
    assert np.concatenate(relative).std() == pytest.approx(1, abs=0.15)


def test_pulls_are_blank_where_nobody_has_values():
    nothing = Density(np.zeros(2), np.zeros(2))
    some = Density(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
    assert pull(some, nothing)[0] == 3
    assert np.isnan(pull(some, nothing)[1])
    assert floor_band(nothing, 10, 10).tolist() == [0, 0]


@pytest.mark.parametrize("scale", [2.0**60, 1e30, 1e300])
def test_identifiers_and_huge_values_have_finite_edges_in_double_precision(scale):
    values = np.random.default_rng(1).uniform(1, 2, 300) * scale
    for real in (values, np.round(values), np.full(300, scale)):
        edges = binning(real, [real], name="ident").edges
        assert edges.dtype == np.float64 and np.isfinite(edges).all()
        assert (np.diff(edges) > 0).all()
