"""Jet observables against vector and closed forms, from every representation."""

import math
from dataclasses import replace

import pytest
import torch
import vector

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.physics.fourvectors import to_relative
from jetgen.physics.observables import JET_OBSERVABLES, PARTICLE_OBSERVABLES, measure


def random_jets(jets: int = 20, slots: int = 6, seed: int = 0) -> ParticleCloud:
    generator = torch.Generator().manual_seed(seed)
    momenta = 5 * torch.randn(jets, slots, 3, generator=generator).double()
    momenta[..., 0] += 100
    mask = torch.arange(slots) < torch.randint(1, slots + 1, (jets, 1), generator=generator)
    return ParticleCloud(momenta, mask, CARTESIAN)


def test_agrees_with_vector():
    jets = random_jets()
    found = measure(jets).observables
    for i in range(len(jets)):
        total = vector.obj(px=0, py=0, pz=0, E=0)
        for px, py, pz in jets.particles[i][jets.mask[i]].tolist():
            total = total + vector.obj(px=px, py=py, pz=pz, m=0.0)
        expected = {
            "mass": max(total.m, 0), "pt": total.pt, "eta": total.eta, "phi": total.phi,
            "energy": total.E, "relative_mass": max(total.m, 0) / total.pt,
        }  # fmt: skip
        for name, value in expected.items():
            assert found[name][i].item() == pytest.approx(value, rel=1e-9, abs=1e-5)
        assert found["multiplicity"][i] == jets.mask[i].sum()
    assert set(found) == {observable.name for observable in JET_OBSERVABLES}


def test_the_same_from_relative_coordinates():
    """Also for massive, forward jets, whose pseudorapidity does not add up under boosts."""
    jets = random_jets()
    forward = replace(jets, particles=jets.particles + torch.tensor([0.0, 0.0, 150.0]).double())
    direct, again = measure(forward), measure(to_relative(forward))
    for name, values in direct.observables.items():
        torch.testing.assert_close(again.observables[name], values, rtol=1e-7, atol=1e-5)
    torch.testing.assert_close(again.relative.particles, direct.relative.particles)


def test_particles_are_measured_from_their_own_sum():
    jets = to_relative(random_jets())
    half = replace(jets, particles=jets.particles * torch.tensor([1.0, 1.0, 0.5]).double())
    found = measure(half)
    torch.testing.assert_close(found.relative.particles, jets.particles)
    torch.testing.assert_close(found.observables["pt"], 0.5 * jets.condition("pt"))


def test_one_particle_is_its_jet():
    jet = ParticleCloud(
        torch.tensor([[[3.0, 4.0, 0.0]]]), torch.ones(1, 1, dtype=torch.bool), CARTESIAN
    )
    found = measure(jet)
    assert found.observables["pt"].item() == pytest.approx(5)
    assert found.observables["phi"].item() == pytest.approx(math.atan2(4, 3))
    assert found.observables["mass"].item() == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(found.relative.particles[0, 0], torch.tensor([0.0, 0, 1]).double())


def test_a_jet_without_particles_is_zero():
    empty = ParticleCloud(torch.ones(1, 2, 3), torch.zeros(1, 2, dtype=torch.bool), CARTESIAN)
    for values in measure(empty).observables.values():
        assert values.item() == 0


def test_labels_have_units():
    labels = {o.name: o.label for o in (*JET_OBSERVABLES, *PARTICLE_OBSERVABLES)}
    assert labels["mass"].endswith("[GeV]")
    assert labels["phirel"].endswith("[rad]")
    assert "[" not in labels["ptrel"]


def test_unknown_kinematics_are_not_invented():
    relative = to_relative(random_jets())
    names = [feature.name for feature in relative.condition_features]
    without_phi = replace(
        relative,
        conditions=relative.conditions[:, [names.index("pt"), names.index("eta")]],
        condition_features=tuple(
            relative.condition_features[names.index(n)] for n in ("pt", "eta")
        ),
    )
    assert "phi" not in measure(without_phi).observables
    assert "mass" in measure(without_phi).observables
    bare = replace(relative, conditions=relative.conditions[:, :0], condition_features=())
    assert set(measure(bare).observables) == {"relative_mass", "multiplicity"}
    assert not measure(bare).relative.condition_features
    torch.testing.assert_close(
        measure(bare).observables["relative_mass"],
        measure(random_jets()).observables["relative_mass"],
    )
