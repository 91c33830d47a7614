"""Soft drop against FastJet's contrib, closed forms, and jets of few particles."""

import pytest
import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.clustering import packed, packed_momenta
from jetgen.physics.fourvectors import particle_momenta
from jetgen.physics.soft_drop import soft_drop, soft_drop_mass


def cloud(*particles, slots=4):
    rows = torch.zeros(1, slots, 3, dtype=torch.float64)
    rows[0, : len(particles)] = torch.tensor(particles, dtype=torch.float64).reshape(-1, 3)
    return ParticleCloud(rows, torch.arange(slots)[None] < len(particles), RELATIVE)


@pytest.mark.parametrize(("z_cut", "beta"), [(0.1, 0.0), (0.2, 1.0)])
def test_agrees_with_fastjet_contrib(toy_jets, z_cut, beta):
    import fastjet

    jets = toy_jets(50, 1).to(torch.float64)
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, 10.0)
    sequence = fastjet.ClusterSequence(
        packed(*packed_momenta(particle_momenta(jets), jets.mask)), definition
    )
    expected = sequence.exclusive_jets_softdrop_grooming(
        beta=beta, symmetry_cut=z_cut, R0=0.8
    ).msoftdrop.to_numpy()
    found = soft_drop_mass(jets, z_cut=z_cut, beta=beta, radius=0.8)
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-6, atol=1e-3)
    shuffled = soft_drop_mass(
        jets.shuffled(torch.Generator().manual_seed(2)), z_cut=z_cut, beta=beta
    )
    torch.testing.assert_close(found, shuffled)


def test_a_soft_particle_at_a_wide_angle_is_dropped():
    prongs = (0.0, 0.0, 0.6), (0.2, 0.0, 0.4)
    groomed = soft_drop(cloud(*prongs, (0.0, 0.7, 0.05)))
    assert groomed.mask[0].tolist() == [True, True, False, False]
    kept = soft_drop(cloud(*prongs, (0.0, 0.7, 0.05)), z_cut=0.02)
    assert kept.multiplicity.item() == 3
    # two massless prongs: m^2 = 2 pT1 pT2 (cosh(deta) - cos(dphi))
    expected = (2 * 0.6 * 0.4 * (torch.cosh(torch.tensor(0.2)).item() - 1)) ** 0.5
    mass = soft_drop_mass(cloud(*prongs, (0.0, 0.7, 0.05))).item()
    assert mass == pytest.approx(expected, rel=1e-6)


def test_few_particles_have_no_mass():
    lone = (0.0, 0.0, 1.0), (0.0, 0.5, 0.01)
    jets = ParticleCloud.concatenate([cloud(), cloud(lone[0]), cloud(*lone)])
    assert soft_drop_mass(jets).tolist() == [0, 0, 0]
    assert soft_drop(jets).multiplicity.tolist() == [0, 1, 1]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="expected 0 <= z_cut"):
        soft_drop(cloud(), z_cut=0.6)
