from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen import kinematics
from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.conversion import from_awkward, from_numpy, with_momenta
from jetgen.errors import InputError
from jetgen.physics.fourvectors import to_relative


def cloud(seed=0, jets=6, slots=5, features=CARTESIAN):
    generator = torch.Generator().manual_seed(seed)
    particles = torch.randn(jets, slots, len(features), generator=generator)
    mask = torch.rand(jets, slots, generator=generator) > 0.4
    mask[0] = False  # an empty jet
    jet = {Feature("pt", "GeV"): torch.rand(jets, generator=generator)}
    weights = torch.rand(jets, generator=generator)
    bare = ParticleCloud(particles, mask, features, weights=weights)
    return bare.with_conditions(jet)


def same(first, second):
    assert (first.features, first.condition_features) == (
        second.features,
        second.condition_features,
    )
    for name in ("particles", "mask", "conditions", "weights"):
        assert torch.equal(getattr(first, name), getattr(second, name)), name


def test_padded_slots_are_zero_whatever_they_held():
    particles = torch.full((1, 2, 3), float("nan"))
    particles[0, 0] = 1.0
    made = ParticleCloud(particles, torch.tensor([[True, False]]), CARTESIAN)
    assert made.particles.tolist() == [[[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]]
    assert made.weights.tolist() == [1.0] and made.conditions.shape == (1, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"particles": torch.zeros(2, 3)}, "expected shape (B, N, F), received (2, 3)"),
        (
            {"particles": torch.zeros(2, 3, 3, dtype=torch.int64)},
            "expected floating-point numbers, received torch.int64",
        ),
        (
            {"particles": [[[1.0]]]},
            "expected a tensor or a NumPy array, received list",
        ),
        ({"mask": torch.zeros(2, 4, dtype=torch.bool)}, "mask: expected shape (2, 3), received (2"),
        ({"mask": torch.zeros(2, 3)}, "mask: expected a mask of bool, received torch.float32"),
        ({"features": CARTESIAN_ENERGY}, "expected shape (2, 3, 4), received (2, 3, 3)"),
        ({"conditions": torch.zeros(2, 1)}, "conditions: expected shape (2, 0)"),
        ({"weights": torch.zeros(3)}, "weights: expected shape (2,), received (3,)"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    parts = {
        "particles": torch.zeros(2, 3, 3),
        "mask": torch.zeros(2, 3, dtype=torch.bool),
        "features": CARTESIAN,
    }
    with pytest.raises(InputError) as raised:
        ParticleCloud(**{**parts, **change})
    assert message in str(raised.value)


def test_columns_are_found_by_name_only():
    made = cloud()
    assert torch.equal(made.feature("py"), made.particles[..., 1])
    assert torch.equal(made.condition("pt"), made.conditions[:, 0])
    with pytest.raises(InputError, match="particle feature 'pt': expected one of px, py, pz"):
        made.feature("pt")


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), features=st.sampled_from([CARTESIAN, CARTESIAN_ENERGY]))
def test_awkward_round_trip_loses_nothing(seed, features):
    made = cloud(seed, features=features).compact(5)
    back = from_awkward(made.to_awkward(), features, size=5)
    same(back, made)


@pytest.mark.parametrize("features", [CARTESIAN, CARTESIAN_ENERGY])
def test_awkward_arrays_of_jets_are_written_to_parquet(features, tmp_path):
    array = cloud(features=features).to_awkward()
    for name in ("particles", None):
        ak.to_parquet(array[name] if name else array, tmp_path / "jets.parquet")
        back = ak.from_parquet(tmp_path / "jets.parquet")
        assert ak.to_list(back) == ak.to_list(array[name] if name else array)


@pytest.mark.parametrize("features", [CARTESIAN, CARTESIAN_ENERGY])
def test_awkward_momenta_have_the_methods_of_vector(features):
    made = cloud()
    if features == CARTESIAN_ENERGY:
        energy = made.particles.norm(dim=-1, keepdim=True) + 0.1
        made = replace(made, particles=torch.cat([made.particles, energy], -1), features=features)
    array = made.to_awkward()
    total = array.particles.pt[1].to_numpy().sum()
    expected = torch.hypot(made.feature("px")[1], made.feature("py")[1]).sum()
    assert total == pytest.approx(expected.item(), rel=1e-6)
    jets = ak.sum(array.particles, axis=1)
    for name in ("pt", "phi", "mass", "energy"):
        found = getattr(jets, name).to_numpy()[1:]  # the first jet is empty
        np.testing.assert_allclose(found, getattr(made, name)[1:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "features", [("pt", "eta", "phi"), ("E", "pz", "px", "py"), ("pt", "eta", "phi", "mass")]
)
def test_momenta_of_any_names_sum_to_the_same_jets(features):
    made = cloud(features=CARTESIAN_ENERGY).to(torch.float64)
    p3 = made.particles[..., :3]
    massive = torch.cat([p3, (p3.norm(dim=-1, keepdim=True).square() + 0.01).sqrt()], dim=-1)
    massless = torch.cat([p3, p3.norm(dim=-1, keepdim=True)], dim=-1)
    p4 = massive if {"mass", "E"} & set(features) else massless
    made = replace(made, particles=p4)
    columns = {
        "pt": kinematics.pt(p4),
        "eta": kinematics.eta(p4),
        "phi": kinematics.phi(p4),
        "mass": torch.full_like(p4[..., 0], 0.1),
        **dict(zip(("px", "py", "pz", "E"), p4.unbind(-1), strict=True)),
    }
    other = from_numpy(torch.stack([columns[name] for name in features], -1), made.mask, features)
    ordered = with_momenta(other)
    assert [f.name for f in ordered.features] == ["px", "py", "pz", "E"]
    for jets in (other, ordered):
        assert torch.allclose(jets.momentum, made.momentum)
        assert torch.allclose(jets.mass, made.mass, atol=1e-6)


def test_relative_jets_are_placed_by_their_conditions():
    jets = cloud().to(torch.float64)
    relative = to_relative(jets)
    for name in ("pt", "eta", "phi", "mass"):
        assert torch.allclose(getattr(relative, name)[1:], getattr(jets, name)[1:])
    bare = replace(relative, conditions=relative.conditions[:, :0], condition_features=())
    filled = jets.mask.any(1)
    assert torch.allclose(bare.pt[filled], torch.ones_like(bare.pt[filled]))


def test_features_that_are_no_momenta_have_no_mass():
    made = ParticleCloud(torch.ones(1, 2, 1), torch.ones(1, 2, dtype=torch.bool), (Feature("x"),))
    with pytest.raises(InputError, match=r"expected px, py, pz\[, E\] or .*received x"):
        print(made.mass)


def test_numpy_arrays_become_tensors_and_come_back():
    made = cloud()
    particles, mask = made.to_numpy()
    direct = ParticleCloud(particles, mask, CARTESIAN)
    assert torch.equal(direct.particles, made.particles)
    again = from_numpy(particles, mask, ("px", "py", "pz"), conditions={"pt": made.condition("pt")})
    assert again.features == CARTESIAN and torch.equal(again.conditions, made.conditions)
    padded = from_numpy(np.array([[[1, 2, 3], [0, 0, 0]]]), features=CARTESIAN)
    assert padded.mask.tolist() == [[True, False]] and padded.particles.is_floating_point()
    with pytest.raises(InputError, match=r"expected an array \(sets, particles, features\)"):
        from_numpy(np.ones((2, 3)))


def test_awkward_arrays_of_records_are_sets():
    array = ak.Array(
        [[{"pt": 1.0, "eta": 0.5, "phi": 0.1}], [], [{"pt": 2, "eta": 0, "phi": 0}] * 3]
    )
    made = from_awkward(array, conditions={"type": [0, 1, 2]}, weights=[1.0, 2.0, 3.0])
    assert made.multiplicity.tolist() == [1, 0, 3] and made.condition("type").tolist() == [0, 1, 2]
    assert made.weights.tolist() == [1, 2, 3] and made.pt.tolist() == [1.0, 0.0, 6.0]
    with pytest.raises(InputError, match="expected fields among pt, eta, phi, received mass"):
        from_awkward(array, ["mass"])
    with pytest.raises(InputError, match="expected lists of records"):
        from_awkward(ak.Array([1.0, 2.0]))


def test_one_set_is_taken_by_a_slice_and_missing_conditions_are_said_so():
    with pytest.raises(InputError, match=r"received 0; cloud\[0:1\] is a cloud"):
        cloud()[0]
    bare = ParticleCloud(torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool), CARTESIAN)
    with pytest.raises(InputError, match="condition 'pt': expected a set with conditions"):
        bare.condition("pt")


def test_compact_keeps_order_and_cuts_or_pads():
    particles = torch.arange(12.0).reshape(1, 4, 3)
    mask = torch.tensor([[False, True, False, True]])
    made = ParticleCloud(particles, mask, CARTESIAN)
    assert made.compact().particles[0, :, 0].tolist() == [3.0, 9.0]
    assert made.compact(1).particles[0, :, 0].tolist() == [3.0]
    assert made.compact(6).mask[0].tolist() == [True, True] + [False] * 4


def test_leading_takes_the_largest_particles_in_falling_order():
    made = cloud(features=CARTESIAN)
    lead = made.leading(2, by="px")
    for row in range(len(made)):
        real = made.feature("px")[row][made.mask[row]].sort(descending=True).values[:2]
        assert torch.equal(lead.feature("px")[row][lead.mask[row]], real)


def test_shuffled_keeps_the_sets():
    made = cloud()
    other = made.shuffled(torch.Generator().manual_seed(1))
    assert not torch.equal(other.mask, made.mask)
    assert torch.equal(other.leading(5, by="px").particles, made.leading(5, by="px").particles)


def test_concatenate_pads_and_refuses_unlike_clouds():
    first, second = cloud(slots=3), cloud(seed=1, slots=5)
    both = ParticleCloud.concatenate([first, second])
    same(both[6:], second)
    assert torch.equal(both.mask[:6, :3], first.mask) and not both.mask[:6, 3:].any()
    with pytest.raises(InputError, match="expected clouds alike"):
        ParticleCloud.concatenate([first, cloud(features=CARTESIAN_ENERGY)])
    with pytest.raises(InputError, match="received none"):
        ParticleCloud.concatenate([])


def test_indexing_and_conversion_carry_everything_along():
    made = cloud()
    part = made[torch.tensor([2, 4])]
    assert torch.equal(part.weights, made.weights[[2, 4]]) and len(part) == 2
    assert made.to(torch.float64).conditions.dtype == torch.float64
    assert "6 x 5 x 3: px [GeV], py [GeV], pz [GeV]; conditions: pt [GeV]" in repr(made)


def test_replacing_shares_what_stays_and_pads_what_changes():
    some = cloud(seed=3)
    lighter = some.replace(weights=2 * some.weights)
    assert lighter.particles is some.particles and lighter.mask is some.mask
    assert torch.equal(lighter.weights, 2 * some.weights)
    assert torch.equal(some.replace(weights=None).weights, torch.ones(len(some)))
    fewer = some.replace(mask=some.mask & (torch.arange(some.mask.shape[1]) < 1))
    assert not fewer.particles[~fewer.mask].any()
    full = some.replace(particles=torch.ones_like(some.particles))
    assert torch.equal(full.particles[..., 0], some.mask.to(full.particles))
    with pytest.raises(InputError, match="weights: expected shape"):
        some.replace(weights=some.weights[1:])


def test_a_cloud_equals_itself_only():
    some = cloud(seed=3)
    assert some == some and some != some[:] and len({some, some}) == 1
