import pytest
import torch

from jetgen.networks import pairs
from jetgen.networks.pairs import mean_message, summed_messages

COUNTS = torch.tensor([0, 1, 2, 7])
MASK = (torch.arange(7) < COUNTS.unsqueeze(1))[:, torch.randperm(7)]


def inputs(dtype=torch.float64, width=5):
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 7, width), (4, 7, width), (4, 7, 3), (width,)]
    return [torch.randn(s, generator=generator).to(dtype).requires_grad_() for s in shapes]


@pytest.fixture(params=[2**18, 100, 1], ids=["whole", "rows", "single"])
def block(request, monkeypatch):
    monkeypatch.setattr(pairs, "_CPU_BLOCK", request.param)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_blocks_equal_plain_torch_in_value_and_gradient(block, dtype):
    receiver, sender, position, scale = arguments = inputs(dtype)
    received = mean_message(*arguments, MASK)
    silenced = sender.masked_fill(~MASK.unsqueeze(-1), -torch.inf)
    plain = summed_messages(receiver, silenced, position, scale)
    expected = plain / COUNTS.clamp(min=1).view(-1, 1, 1)
    torch.testing.assert_close(received, expected)
    weight = torch.randn(received.shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    gradients = [torch.autograd.grad((r * weight).sum(), arguments) for r in (received, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_message_of_two_particles_by_hand():
    receiver, sender = torch.tensor([[[1.0], [-9.0]]]), torch.tensor([[[2.0], [-5.0]]])
    position, scale = torch.tensor([[[0.0, 0.0], [3.0, 4.0]]]), torch.tensor([0.5])
    both, first = torch.tensor([[True, True]]), torch.tensor([[True, False]])
    # To the first: relu(1 + 2) from itself, relu(1 - 5 + 12.5) from the other.
    # To the second: relu(-9 + 2 + 12.5) from the other, relu(-9 - 5) from itself.
    arguments = receiver, sender, position, scale
    assert mean_message(*arguments, both).flatten().tolist() == [(3 + 8.5) / 2, 5.5 / 2]
    assert mean_message(*arguments, first)[0, 0].item() == 3


def test_second_derivatives_exist(block):
    arguments = inputs(width=2)
    assert torch.autograd.gradgradcheck(lambda *a: mean_message(*a, MASK), arguments)


def test_nothing_over_pairs_is_kept():
    kept = []
    arguments = [part.detach().repeat(1, 20, 1) for part in inputs()[:3]]
    arguments = [part.requires_grad_() for part in (*arguments, inputs()[3])]
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, id):
        mean_message(*arguments, MASK.repeat(1, 20))
    assert max(kept) <= 4 * 140 * 5
