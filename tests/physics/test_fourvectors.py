import math

import pytest
import torch
import vector
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.cloud import CARTESIAN, RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics import fourvectors as fv

SMALL = {"atol": 1e-9, "rtol": 1e-9}


def jets(seed=0, slots=6):
    generator = torch.Generator().manual_seed(seed)
    axis = 100 * torch.randn(5, 1, 3, generator=generator).double()
    particles = axis + 20 * torch.randn(5, slots, 3, generator=generator).double()
    mask = torch.rand(5, slots, generator=generator) > 0.3
    mask[:, 0] = True
    return ParticleCloud(particles, mask, CARTESIAN)


def test_kinematics_are_those_of_vector():
    p4 = fv.jet_momentum(jets())
    theirs = vector.arr(dict(zip(("px", "py", "pz", "E"), p4.T.numpy(), strict=True)))
    for name in ("pt", "eta", "phi", "mass"):
        expected = torch.as_tensor(getattr(theirs, name))
        torch.testing.assert_close(getattr(fv, name)(p4), expected, **SMALL)


@given(angle=st.floats(-50, 50))
def test_wrapped_angle_is_in_range_and_equivalent(angle):
    wrapped = fv.wrap_phi(torch.tensor(angle, dtype=torch.float64)).item()
    assert -math.pi <= wrapped < math.pi
    assert math.cos(wrapped - angle) == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_relative_and_back_is_the_identity(seed):
    cloud = jets(seed)
    back = fv.to_cartesian(fv.to_relative(cloud))
    torch.testing.assert_close(back.particles, cloud.particles, atol=1e-6, rtol=1e-6)


def test_relative_jets_measured_again_stay_what_they_are():
    once = fv.to_relative(jets())
    twice = fv.to_relative(once)
    torch.testing.assert_close(twice.particles, once.particles, **SMALL)
    torch.testing.assert_close(twice.conditions, once.conditions, **SMALL)


def test_relative_features_do_not_depend_on_where_the_jet_points():
    cloud = fv.to_relative(jets())
    turned = cloud.with_conditions({Feature("phi"): cloud.condition("phi") + 1.0})
    again = fv.to_relative(fv.to_cartesian(turned))
    torch.testing.assert_close(again.particles, cloud.particles, **SMALL)
    moved = fv.wrap_phi(cloud.condition("phi") + 1.0)
    torch.testing.assert_close(again.condition("phi"), moved, **SMALL)


def test_a_jet_whose_particles_do_not_add_up_is_measured_in_its_own_frame():
    particles = torch.tensor([[[0.1, 0.2, 0.5]]], dtype=torch.float64)
    off = ParticleCloud(particles, torch.ones(1, 1, dtype=torch.bool), RELATIVE).with_conditions(
        {Feature("pt"): torch.tensor([800.0]), Feature("eta"): torch.tensor([1.0])}
    )
    own = fv.to_relative(off)
    torch.testing.assert_close(own.particles, torch.tensor([[[0.0, 0.0, 1.0]]]).double(), **SMALL)
    assert [f.name for f in own.condition_features] == ["pt", "eta", "mass"]  # no azimuth
    expected = torch.tensor([[400.0, 1.1, 0.0]]).double()
    torch.testing.assert_close(own.conditions, expected, atol=1e-5, rtol=1e-6)


def test_one_particle_and_empty_jets_have_finite_values_and_gradients():
    particles = torch.tensor([[[3.0, 4.0, 0.0]], [[1.0, 1.0, 1.0]]], requires_grad=True)
    cloud = ParticleCloud(particles, torch.tensor([[True], [False]]), CARTESIAN)
    total = fv.particle_momenta(cloud).sum(1)
    values = torch.stack([fv.pt(total), fv.mass(total), fv.eta(total)])
    torch.testing.assert_close(values[:, 0], torch.tensor([5.0, 0.0, 0.0]))
    assert not values[:, 1].any()
    values.sum().backward()
    assert torch.isfinite(particles.grad).all()


def test_mass_of_two_massless_particles():
    opposite = torch.tensor([[[0.0, 3.0, 4.0], [0.0, -3.0, -4.0]]])
    cloud = ParticleCloud(opposite, torch.ones(1, 2, dtype=torch.bool), CARTESIAN)
    assert fv.mass(fv.jet_momentum(cloud)).item() == pytest.approx(10.0)


def test_unknown_features_and_missing_jet_kinematics_are_refused():
    names = (Feature("a"), Feature("b"), Feature("c"))
    strange = ParticleCloud(torch.zeros(1, 1, 3), torch.ones(1, 1, dtype=torch.bool), names)
    with pytest.raises(InputError, match="expected px, py, pz"):
        fv.particle_momenta(strange)
    bare = ParticleCloud(torch.zeros(1, 1, 3), torch.ones(1, 1, dtype=torch.bool), RELATIVE)
    with pytest.raises(InputError, match="condition 'pt': expected a set with conditions"):
        fv.to_cartesian(bare)


def test_kinematics_of_a_massive_four_momentum_are_those_it_was_made_of():
    values = torch.tensor([[1300.0, -1.2, 0.4, 500.0], [20.0, 2.0, -3.0, 0.0]]).double()
    p4 = fv.massive(*values.T)
    torch.testing.assert_close(
        torch.stack([fv.pt(p4), fv.eta(p4), fv.phi(p4), fv.mass(p4)], dim=1),
        values,
        atol=1e-5,
        rtol=1e-6,
    )
