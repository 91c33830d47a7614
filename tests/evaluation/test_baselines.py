"""The trivial generator: the right marginals, and no correlation."""

import pytest
import torch

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.errors import InputError
from jetgen.evaluation.baselines import independent_particles
from jetgen.evaluation.wasserstein import wasserstein
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


def test_jets_without_particles_are_refused():
    empty = ParticleCloud(torch.zeros(3, 2, 3), torch.zeros(3, 2, dtype=torch.bool), CARTESIAN)
    with pytest.raises(InputError, match="expected jets with particles"):
        independent_particles(empty, 5, torch.Generator())
