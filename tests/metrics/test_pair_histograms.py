"""Histograms in the plane against NumPy, and their distance."""

import numpy as np
import pytest
import torch

from jetgen.errors import InputError
from jetgen.metrics.pair_histograms import (
    bin_places,
    bin_shares,
    equal_share_edges,
    histogram_distance,
    pair_histogram,
)


def pairs(jets=1000, seed=0):
    return torch.rand(2, jets, generator=torch.Generator().manual_seed(seed)).double()


def test_agrees_with_numpy():
    x, y = pairs()
    x_edges, y_edges = torch.tensor([0.0, 0.2, 0.7, 1.0]), torch.linspace(0, 1, 6)
    weights = pairs(seed=1)[0]
    expected, _, _ = np.histogram2d(x, y, bins=(x_edges, y_edges), weights=weights)
    found = pair_histogram(x, y, x_edges, y_edges, weights)
    np.testing.assert_allclose(found, expected / expected.sum())


def test_nothing_is_lost_beyond_the_edges():
    edges = torch.tensor([0.0, 1.0, 2.0])
    found = pair_histogram(torch.tensor([-9.0, 9.0]), torch.tensor([9.0, -9.0]), edges, edges)
    assert found.tolist() == [[0, 0.5], [0.5, 0]]


def test_edges_share_out_the_values_equally():
    x, _ = pairs()
    counts, _ = np.histogram(x, bins=equal_share_edges(x, 10))
    assert counts.tolist() == [100] * 10
    mostly_zero = torch.cat([torch.zeros(900), torch.linspace(0.1, 1, 100)])
    counts, _ = np.histogram(mostly_zero, bins=equal_share_edges(mostly_zero, 10))
    assert counts.tolist() == [900, 100]


def test_resamplings_are_the_repeated_jets():
    x, y = pairs(50)
    edges = torch.linspace(0, 1, 4)
    drawn = torch.randint(50, (50,), generator=torch.Generator().manual_seed(1))
    counts = torch.bincount(drawn, minlength=50).double()
    bins = 3 * bin_places(x, edges) + bin_places(y, edges)
    found, twice = bin_shares(bins, [counts.unsqueeze(1), 2 * counts.unsqueeze(1)], 9)
    expected = pair_histogram(x[drawn], y[drawn], edges, edges)
    torch.testing.assert_close(found.reshape(3, 3), expected)
    torch.testing.assert_close(twice.reshape(3, 3), expected)


def test_the_distance_goes_from_zero_to_one_and_is_the_chi_squared():
    p, q = torch.tensor([0.5, 0.5, 0.0]).double(), torch.tensor([0.0, 0.0, 1.0]).double()
    assert histogram_distance(p, p).item() == 0
    assert histogram_distance(p, q).item() == 1
    a, b = torch.tensor([30.0, 70.0]).double(), torch.tensor([45.0, 55.0]).double()
    chi2 = ((a - b) ** 2 / (a + b)).sum().item()
    assert 200 * histogram_distance(a / 100, b / 100).item() == pytest.approx(chi2)


def test_bad_input_is_refused():
    edges = torch.tensor([0.0, 1.0])
    with pytest.raises(InputError, match="received 1 others"):
        pair_histogram(torch.tensor([torch.nan]), torch.zeros(1), edges, edges)
    with pytest.raises(InputError, match="rising edges"):
        pair_histogram(torch.zeros(1), torch.zeros(1), edges, edges.flip(0))


def test_equal_values_are_in_one_bin():
    for value in (6.0, 2.0**60, 1e30):
        values = torch.full((10,), value, dtype=torch.float64)
        edges = equal_share_edges(values)
        assert pair_histogram(values, values, edges, edges).tolist() == [[1.0]]
