"""The trivial generator: the right marginals, and no correlation."""

import pytest
import torch

from jetgen.cloud import CARTESIAN, RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.metrics.wasserstein import wasserstein
from jetgen.physics.baselines import (
    BASELINES,
    gaussian_features,
    independent_particles,
    row_finder,
)
from jetgen.physics.observables import measure


def test_marginals_are_the_training_ones(toy_jets):
    training = toy_jets(2000, 1)
    made = independent_particles(training, 2000, torch.Generator().manual_seed(0))
    real = measure(training).relative
    for name in ("etarel", "phirel", "ptrel"):
        a, b = real.feature(name)[real.mask], made.feature(name)[made.mask]
        assert wasserstein(a, b) < 0.05 * a.std()
        assert bool(torch.isin(b, a).all())
    assert wasserstein(real.multiplicity, made.multiplicity) < 0.5
    assert made.condition_features == real.condition_features


def test_features_of_a_particle_and_particles_of_a_jet_are_independent(toy_jets):
    made = independent_particles(toy_jets(3000, 1), 3000, torch.Generator().manual_seed(0))
    first, second = made.particles[:, 0], made.particles[:, 1]
    everything = torch.cat([first.abs(), second.abs()], dim=1)
    correlation = torch.corrcoef(everything.T) - torch.eye(6)
    assert correlation.abs().max() < 5 / 3000**0.5


def test_the_generator_decides(toy_jets):
    training = toy_jets(50, 1)
    one, same, other = (
        independent_particles(training, 20, torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )
    assert torch.equal(one.particles, same.particles)
    assert not torch.equal(one.particles, other.particles)


def test_measured_training_jets_give_the_same_jets(toy_jets):
    training = toy_jets(50, 1)
    one, other = (
        independent_particles(known, 20, torch.Generator().manual_seed(1))
        for known in (training, measure(training))
    )
    assert torch.equal(one.particles, other.particles)


@pytest.mark.parametrize("number", [1, 2, 3, 7, 49, 10_001])
def test_rows_of_equal_weights_are_those_of_a_search(number):
    edges = torch.arange(number + 1, dtype=torch.float64) / number
    shares = torch.cat([torch.rand(1000, dtype=torch.float64), edges, edges.nextafter(edges + 1)])
    ones = torch.ones(number, dtype=torch.float64)
    expected = torch.searchsorted(ones.cumsum(0) / number, shares).clamp(max=number - 1)
    assert torch.equal(row_finder(ones)(shares), expected)
    heavy = ones.index_fill(0, torch.tensor([0]), 5.0)
    assert (row_finder(heavy)(shares) == 0).sum() >= (expected == 0).sum()


@pytest.mark.parametrize("make", BASELINES.values(), ids=BASELINES)
def test_jets_without_particles_are_refused(make):
    empty = ParticleCloud(torch.zeros(3, 2, 3), torch.zeros(3, 2, dtype=torch.bool), CARTESIAN)
    with pytest.raises(InputError, match="expected jets with particles"):
        make(empty, 5, torch.Generator())


def test_gaussian_features_have_the_means_widths_and_correlations_of_the_data():
    generator = torch.Generator().manual_seed(3)
    mixing = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    columns = 0.1 * torch.randn(4000, 6, generator=generator, dtype=torch.float64) @ mixing
    particles = columns.unflatten(1, (2, 3))
    particles[..., 2] = (particles[..., 2] + torch.tensor([3.0, 0.0])).exp()
    mask = torch.ones(4000, 2, dtype=torch.bool)
    training = ParticleCloud(particles, mask, RELATIVE)
    made = gaussian_features(training, 4000, torch.Generator().manual_seed(0))
    real = measure(training).relative

    def vectors(cloud):
        parts = [cloud.particles[..., :2], cloud.particles[..., 2:].log()]
        return torch.cat(parts, dim=2).flatten(1)

    wanted, found = vectors(real), vectors(made)
    torch.testing.assert_close(found.mean(0), wanted.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(found.T.cov(), wanted.T.cov(), atol=0.01, rtol=0.1)


def test_gaussian_features_keep_multiplicities_and_fall_in_pt_on_average(toy_jets):
    training = toy_jets(1500, 1)
    made = gaussian_features(training, 1500, torch.Generator().manual_seed(0))
    real = measure(training).relative
    assert wasserstein(real.multiplicity, made.multiplicity) < 0.5
    assert made.particles.isfinite().all() and (made.particles[~made.mask] == 0).all()
    hardest = made.feature("ptrel")[:, :4].mean(0)
    assert (hardest.diff() < 0).all()
    again = gaussian_features(training, 1500, torch.Generator().manual_seed(0))
    assert torch.equal(made.particles, again.particles)
