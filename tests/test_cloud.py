import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.errors import InputError


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
        ({"particles": torch.zeros(2, 3)}, "shape (B, N, F), received"),
        ({"particles": torch.zeros(2, 3, 3, dtype=torch.int64)}, "floating-point"),
        ({"mask": torch.zeros(2, 4, dtype=torch.bool)}, "mask: expected bool of shape (2, 3)"),
        ({"mask": torch.zeros(2, 3)}, "received torch.float32"),
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
    back = ParticleCloud.from_awkward(made.to_awkward(), features, made.condition_features, size=5)
    same(back, made)


def test_awkward_momenta_have_the_methods_of_vector():
    import vector

    vector.register_awkward()
    made = cloud(features=CARTESIAN_ENERGY)
    total = made.to_awkward()["particles"].pt[1].to_numpy().sum()
    expected = torch.hypot(made.feature("px")[1], made.feature("py")[1]).sum()
    assert total == pytest.approx(expected.item(), rel=1e-6)


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
