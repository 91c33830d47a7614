"""The mass of a jet up to 10 TeV and a pseudorapidity of 5, in single and double precision."""

import awkward as ak
import h5py
import numpy as np
import pytest
import torch

import jetgen
from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, ParticleCloud
from jetgen.kinematics import mass, massive
from jetgen.physics.fourvectors import jet_momentum, laboratory_jets, to_relative

PION = 0.13957
TOLERANCE = 2e-3
"""Relative, of the mass of a jet whose particles are in single precision."""


def jets(pt, eta, particle_mass):
    """100 jets of 30 particles in a cone of 0.4, in double precision, and their masses."""
    generator = torch.Generator().manual_seed(3)

    def uniform(low, high):
        return low + (high - low) * torch.rand(100, 30, generator=generator).double()

    share = uniform(0, 1).pow(3)
    pts = pt * share / share.sum(1, keepdim=True)
    p4 = massive(
        pts, eta + uniform(-0.3, 0.3), uniform(-0.3, 0.3), torch.full_like(pts, particle_mass)
    )
    return p4, mass(p4.sum(1))


@pytest.mark.parametrize("particle_mass", [0.0, PION])
@pytest.mark.parametrize("eta", [0.0, 2.5, 5.0])
@pytest.mark.parametrize("pt", [10.0, 1_000.0, 10_000.0])
def test_the_mass_survives_single_precision_and_a_file(tmp_path, pt, eta, particle_mass):
    p4, expected = jets(pt, eta, particle_mass)
    mask = torch.ones(p4.shape[:2], dtype=torch.bool)
    tolerance = {"rtol": TOLERANCE, "atol": 0.01}
    single = ParticleCloud(p4.float(), mask, CARTESIAN_ENERGY)
    torch.testing.assert_close(single.mass, expected, **tolerance)
    torch.testing.assert_close(mass(jet_momentum(single)), expected, **tolerance)
    vectors = ak.sum(single.to_awkward().particles, axis=1)
    np.testing.assert_allclose(vectors.mass, expected, **tolerance)
    path = jetgen.write(single, tmp_path / "jets.h5")
    with h5py.File(path) as file:  # what a reader without jetgen sums up
        summed = torch.from_numpy(file["constituents"][:]).sum(1)
    torch.testing.assert_close(mass(summed), expected, **tolerance)
    torch.testing.assert_close(jetgen.read(path).mass, expected, **tolerance)


@pytest.mark.parametrize("eta", [0.0, 5.0])
def test_relative_particles_keep_it_too(eta):
    p4, expected = jets(10_000.0, eta, 0.0)
    cloud = ParticleCloud(
        p4[..., :3].float(), torch.ones(p4.shape[:2], dtype=torch.bool), CARTESIAN
    )
    relative = to_relative(cloud)
    torch.testing.assert_close(relative.condition("mass").double(), expected, rtol=1e-5, atol=1e-3)
    again = laboratory_jets(relative).condition("mass")
    torch.testing.assert_close(again.double(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("pt", [1.0, 100.0, 10_000.0])
@pytest.mark.parametrize("eta", [0.0, 5.0])
def test_one_particle_and_collinear_ones_have_the_mass_of_their_particles(pt, eta):
    one = massive(*(torch.tensor([x]).double() for x in (pt, eta, 1.0, 0.0)))
    shares = torch.tensor([0.5, 0.3, 0.2]).double()
    for p4 in (one.unsqueeze(1), (shares.unsqueeze(1) * one).unsqueeze(0)):
        mask = torch.ones(p4.shape[:2], dtype=torch.bool)
        energy = float(p4.sum(1)[0, 3])
        for dtype in (torch.float32, torch.float64):
            cloud = ParticleCloud(p4.to(dtype), mask, CARTESIAN_ENERGY)
            # collinear only up to rounding of each component: an angle of 1e-7
            assert cloud.mass.item() <= 1e-6 * energy
