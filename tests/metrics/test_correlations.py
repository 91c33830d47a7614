"""Correlation matrices against NumPy, and their distance."""

import sys

import numpy as np
import pytest
import torch

from jetgen.metrics.correlations import (
    correlation_distance,
    correlation_matrices,
    correlations,
)


def table(jets=500, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(jets, generator=generator).double()
    return {
        "x": x,
        "large": 1e6 + 3 * x + torch.randn(jets, generator=generator),
        "skewed": torch.exp(-x + 0.5 * torch.randn(jets, generator=generator)),
    }


def test_agrees_with_numpy():
    found = correlations(table())
    np.testing.assert_allclose(found, np.corrcoef(np.stack(list(table().values()))), rtol=1e-9)
    weights = torch.rand(500, generator=torch.Generator().manual_seed(3))
    covariance = np.cov(np.stack(list(table().values())), aweights=weights.double().numpy())
    sigma = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(
        correlations(table(), weights), covariance / np.outer(sigma, sigma), rtol=1e-9
    )


def test_resamplings_are_the_repeated_jets(monkeypatch):
    monkeypatch.setattr(sys.modules["jetgen.metrics.correlations"], "_ROWS", 64)
    values = torch.stack(list(table(200).values()), dim=1)
    drawn = torch.randint(200, (3, 200), generator=torch.Generator().manual_seed(1))
    counts = torch.stack([torch.bincount(draw, minlength=200) for draw in drawn])
    found = correlation_matrices(values, counts)
    for matrix, draw in zip(found, drawn, strict=True):
        np.testing.assert_allclose(matrix, np.corrcoef(values[draw].T), rtol=1e-9)


def test_a_constant_observable_goes_with_nothing():
    found = correlations({"x": torch.arange(5.0), "constant": torch.full((5,), 1 / 3)})
    assert found.tolist() == [[1, 0], [0, 1]]


def test_the_distance_is_the_mean_difference_of_the_pairs():
    straight, opposite = torch.ones(2, 2), torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert correlation_distance(straight, opposite).item() == 2
    first, second = torch.eye(3), torch.eye(3)
    second[0, 2] = second[2, 0] = 0.6
    assert correlation_distance(first, second).item() == pytest.approx(0.2)
