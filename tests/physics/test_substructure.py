"""Dispersion, angularities and correlators: closed forms, brute force and gradients."""

import itertools
import math

import pytest
import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.physics.fourvectors import to_relative
from jetgen.physics.substructure import (
    angularity,
    correlator_ratios,
    pt_dispersion,
    substructure,
)


def cloud(*particles, slots=5):
    rows = torch.zeros(1, slots, 3, dtype=torch.float64)
    if particles:
        rows[0, : len(particles)] = torch.tensor(particles, dtype=torch.float64)
    return ParticleCloud(rows, torch.arange(slots)[None] < len(particles), RELATIVE)


def test_equal_particles_on_a_ring():
    n = 5
    ring = [
        (0.3 * math.cos(2 * math.pi * k / n), 0.3 * math.sin(2 * math.pi * k / n), 7.0)
        for k in range(n)
    ]
    jets = cloud(*ring)
    assert pt_dispersion(jets).item() == pytest.approx(n**-0.5)
    assert angularity(jets).item() == pytest.approx(0.3)
    assert angularity(jets, beta=2).item() == pytest.approx(0.09)
    assert angularity(jets, beta=0.5, kappa=2).item() == pytest.approx(0.3**0.5 / n)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_correlators_are_the_sums_over_distinct_particles(toy_jets, beta):
    jets = to_relative(toy_jets(10, 1)).to(torch.float64)
    c2, d2 = correlator_ratios(jets, beta=beta)
    for k in range(len(jets)):
        eta, phi, z = jets.particles[k][jets.mask[k]].T.tolist()
        z = [x / sum(z) for x in z]

        def theta(i, j, eta=eta, phi=phi):
            return math.hypot(eta[i] - eta[j], phi[i] - phi[j]) ** beta

        numbers = range(len(z))
        e2 = sum(z[i] * z[j] * theta(i, j) for i, j in itertools.combinations(numbers, 2))
        e3 = sum(
            z[i] * z[j] * z[m] * theta(i, j) * theta(j, m) * theta(i, m)
            for i, j, m in itertools.combinations(numbers, 3)
        )
        assert c2[k].item() == pytest.approx(e3 / e2**2, rel=1e-9)
        assert d2[k].item() == pytest.approx(e3 / e2**3, rel=1e-9)


def test_neither_the_frame_nor_order_nor_padding_matters(toy_jets):
    jets = toy_jets(20, 1).to(torch.float64)
    straight = substructure(jets)
    shuffled = substructure(to_relative(jets.shuffled(torch.Generator().manual_seed(1))))
    for name, values in straight.items():
        torch.testing.assert_close(shuffled[name], values, rtol=1e-6, atol=1e-9)


def test_jets_of_no_and_one_particle_give_zeros():
    for name, values in substructure(cloud()).items():
        assert values.item() == 0, name
    one = substructure(cloud((0.0, 0.0, 1.0)))
    for name, value in one.items():
        assert value.item() == (1 if name == "pt_dispersion" else 0), name


def test_gradients():
    def values(particles):
        jets = ParticleCloud(particles, torch.ones(1, 4, dtype=torch.bool), RELATIVE)
        return torch.stack(list(substructure(jets).values()))

    particles = torch.rand(1, 4, 3, generator=torch.Generator().manual_seed(1)).double()
    assert torch.autograd.gradcheck(values, particles.requires_grad_())
    empty = torch.zeros(1, 4, 3, dtype=torch.float64, requires_grad=True)
    values(empty).sum().backward()
    assert bool(empty.grad.isfinite().all())
