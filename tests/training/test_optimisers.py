import copy
import math

import pytest
import torch
from torch import nn

from jetgen.config.train import TrainConfig
from jetgen.objectives.base import Player
from jetgen.training.muon import Muon, orthogonal
from jetgen.training.optimisers import build_optimiser


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 20), nn.GELU(), nn.Linear(20, 32), nn.LayerNorm(32))


def steps(model, optimiser, count=6):
    generator = torch.Generator().manual_seed(5)
    for _ in range(count):
        x = torch.randn(40, 3, generator=generator)
        loss = (model(x)[:, :3] - x.sin()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.item()


@pytest.mark.parametrize("shape", [(2, 20, 20), (3, 16, 50), (3, 50, 16)])
def test_singular_values_become_nearly_one_and_singular_vectors_stay(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    made = orthogonal(matrices)
    values = torch.linalg.svdvals(made)
    assert values.max() < 1.3 and (values > 0.5).double().mean() > 0.8
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    inner = u.mT @ made @ v.mT
    off_diagonal = inner - torch.diag_embed(inner.diagonal(dim1=1, dim2=2))
    assert off_diagonal.abs().max() < 1e-6


def test_small_matrices_and_vectors_move_as_with_adam():
    ours, theirs = network(), network()
    hidden = ours[2].weight.requires_grad_(False), theirs[2].weight.requires_grad_(False)
    steps(ours, Muon(ours.parameters(), lr=0.01, betas=(0.8, 0.99)))
    steps(theirs, torch.optim.Adam(theirs.parameters(), lr=0.01, betas=(0.8, 0.99)))
    assert torch.equal(*hidden)  # without a gradient nothing moves
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_matrix_moves_by_the_orthogonal_part_of_its_momentum():
    model = network()
    weight = model[2].weight
    before = weight.detach().clone()
    optimiser = Muon(model.parameters(), lr=0.01)
    steps(model, optimiser, 1)
    gradient = weight.grad
    # after one step the average is 0.05 G, and the direction that of G
    wanted = before - 0.01 * 0.2 * math.sqrt(32) * orthogonal(gradient[None])[0]
    torch.testing.assert_close(weight.detach(), wanted, rtol=1e-3, atol=1e-6)
    moved = (weight.detach() - before).square().mean().sqrt().item()
    assert 0.1 < moved / 0.01 < 0.3  # about as much as with Adam


def test_it_goes_on_bit_for_bit_from_its_state():
    whole, parts = network(), network()
    optimiser = Muon(whole.parameters(), lr=0.01)
    steps(whole, optimiser)
    state = copy.deepcopy(optimiser.state_dict())
    parts.load_state_dict(whole.state_dict())
    second = Muon(parts.parameters(), lr=0.01)
    second.load_state_dict(state)
    assert steps(whole, optimiser) == steps(parts, second)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_all_but_a_gan_have_muon_by_default_and_the_rate_is_that_of_the_optimiser():
    def chosen(**options):
        config = TrainConfig(**options)
        return config.optimiser, config.learning_rate

    assert chosen(objective="flow-matching") == ("muon", 0.003)
    assert chosen(objective="flow-matching", optimiser="adam") == ("adam", 0.001)
    assert chosen(objective="gan") == ("adam", 0.001)
    assert chosen() == chosen(optimiser="muon") == ("muon", 0.003)
    assert chosen(optimiser="muon", learning_rate=0.1) == ("muon", 0.1)


def test_a_player_can_have_adam_in_place_of_muon():
    player = Player(list(network().parameters()), muon=False)
    for kind in ("muon", "adam"):
        assert type(build_optimiser(kind, player, 0.01)) is torch.optim.Adam
    assert type(build_optimiser("sgd", player, 0.01)) is torch.optim.SGD


@pytest.mark.parametrize(
    ("kind", "name"), [("adam", "Adam"), ("muon", "Muon"), ("rmsprop", "RMSprop"), ("sgd", "SGD")]
)
def test_each_kind_is_built_with_its_rate_and_makes_the_loss_smaller(kind, name):
    model = network()
    player = Player(list(model.parameters()), betas=(0.5, 0.9))
    optimiser = build_optimiser(kind, player, 0.01)
    assert type(optimiser).__name__ == name and optimiser.param_groups[0]["lr"] == 0.01
    if kind in ("adam", "muon"):
        assert optimiser.defaults["betas"] == (0.5, 0.9)
    first = steps(model, optimiser, 1)
    assert steps(model, optimiser, 60) < 0.95 * first
