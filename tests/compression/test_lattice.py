"""Values in steps come back to half a step, and momenta are cheap where directions are right."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.compression.lattice import Lattice


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 10_000),
    st.booleans(),
    st.tuples(*[st.floats(1e-3, 10)] * 3),
    st.sampled_from([0.0, 1e-6, 1.0, 100.0]),
)
def test_items_come_back_to_half_a_step(seed, scaled, steps, spread):
    generator = torch.Generator().manual_seed(seed)
    items = 100 * torch.randn((20, 3), generator=generator, dtype=torch.float64)
    noise = torch.randn((20, 3), generator=generator, dtype=torch.float64)
    step = torch.tensor(steps, dtype=torch.float64)
    lattice = Lattice(items + spread * noise if spread else 0 * items, step, scaled)
    residuals = lattice.residuals(items)
    assert torch.equal(residuals, residuals.round())
    assert bool(((lattice.items(residuals) - items).abs() <= step / 2 * (1 + 1e-9)).all())


@pytest.mark.parametrize("scaled", [True, False])
def test_a_wrong_magnitude_is_paid_for_once(scaled):
    predicted = torch.tensor([[10.0, -40.0, 20.0]], dtype=torch.float64)
    lattice = Lattice(predicted, torch.full((3,), 0.5, dtype=torch.float64), scaled)
    residuals = lattice.residuals(1.5 * predicted)
    assert residuals.tolist() == ([[-40.0, 0.0, 0.0]] if scaled else [[10.0, -40.0, 20.0]])
