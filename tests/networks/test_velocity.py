"""The velocity networks keep the laws of masked sets."""

import pytest
import torch

from jetgen.config.train import TrainConfig
from jetgen.networks.building import build_velocity

SETS = ("deepsets", "epic", "attention", "message-passing", "transformer")


def network(name):
    torch.manual_seed(0)
    return build_velocity(TrainConfig(decoder=name, hidden=16, layers=2), 3, 2).double()


def inputs():
    generator = torch.Generator().manual_seed(1)
    mask = torch.arange(7) < torch.tensor([[0], [1], [3], [7]])
    particles = torch.randn(4, 7, 3, generator=generator).double()
    time, context = torch.rand(4, generator=generator), torch.randn(4, 2, generator=generator)
    return particles, time.double(), mask, context.double()


@pytest.mark.parametrize("name", SETS)
def test_velocity_keeps_the_mask_laws(name):
    velocity, (x, time, mask, context) = network(name), inputs()
    expected = velocity(x, time, mask, context)
    assert expected.shape == x.shape and torch.isfinite(expected).all()
    assert not expected[~mask].any() and expected[mask].all()
    order = torch.randperm(7, generator=torch.Generator().manual_seed(2))
    shuffled = velocity(x[:, order], time, mask[:, order], context)
    torch.testing.assert_close(shuffled, expected[:, order])
    dirty = torch.where(mask.unsqueeze(-1), x, torch.nan)
    torch.testing.assert_close(velocity(dirty, time, mask, context), expected)
    alone = velocity(x[2:3, :3], time[2:3], mask[2:3, :3], context[2:3])
    torch.testing.assert_close(alone[0], expected[2, :3])


@pytest.mark.parametrize("name", SETS)
def test_velocity_depends_on_time_and_reaches_every_parameter(name):
    velocity, (x, time, mask, context) = network(name), inputs()
    before = velocity(x, time, mask, context)
    assert (velocity(x, 1 - time, mask, context) - before)[mask].abs().max() > 1e-6
    before.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in velocity.parameters())
