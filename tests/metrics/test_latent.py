"""Latent codes with a known law: what is active, what correlates, how wide."""

import math

import pytest
import scipy.stats
import torch

from jetgen.metrics.latent import (
    LatentSpace,
    activity,
    divergence,
    order,
    principal_components,
    rank_correlation,
)


def space(mean, log_variance=None):
    mean = torch.as_tensor(mean).double()
    if log_variance is None:
        log_variance = torch.full_like(mean, -torch.inf)
    return LatentSpace(mean, log_variance, mean, mean, "gaussian")


@pytest.fixture
def noise():
    return torch.randn(4000, 3, generator=torch.Generator().manual_seed(2)).double()


def test_a_column_that_does_not_move_is_last_and_inactive(noise):
    latent = space(noise * torch.tensor([0.5, 0.0, 2.0]))
    assert order(latent).tolist() == [2, 0, 1]
    assert activity(latent) == pytest.approx(torch.tensor([0.25, 0.0, 4.0]), rel=0.1)


def test_posteriors_equal_to_the_prior_have_no_divergence():
    zeros = torch.zeros(10, 2)
    assert divergence(space(zeros, zeros)).abs().max() == 0
    shifted = divergence(space(zeros + torch.tensor([0.0, 2.0]), zeros))
    assert shifted.tolist() == [0.0, 2.0]
    narrow = divergence(space(zeros, zeros - 2))
    assert narrow[0].item() == pytest.approx(0.5 * (math.exp(-2) - 1 + 2))


def test_codes_without_width_are_known_as_such():
    zeros = torch.zeros(10, 2)
    assert not space(zeros).stochastic
    assert space(zeros, zeros).stochastic
    assert len(space(zeros)[torch.arange(10) < 4].mean) == 4


def test_principal_components_of_a_line(noise):
    along = noise[:, :1] * torch.tensor([3.0, 4.0])
    found, shares = principal_components(space(along))
    assert shares.tolist() == pytest.approx([1.0, 0.0], abs=1e-12)
    centred = noise[:, 0] - noise[:, 0].mean()
    assert torch.allclose(found[:, 0], 5 * centred)
    assert found[:, 1].abs().max() < 1e-9


def test_ranks_correlate_as_scipy_says(noise):
    columns = torch.stack([noise[:, 0], noise[:, 1].exp()], dim=1)
    observables = torch.stack([noise[:, 0] + noise[:, 1], (3 * noise[:, 2]).round()], dim=1)
    found = rank_correlation(columns, observables)
    for i in range(2):
        for j in range(2):
            expected = scipy.stats.spearmanr(columns[:, i], observables[:, j]).statistic
            assert found[i, j].item() == pytest.approx(expected, abs=1e-10)


def test_a_constant_correlates_with_nothing(noise):
    assert rank_correlation(noise[:, :1], torch.ones(len(noise), 1)).isnan().all()
