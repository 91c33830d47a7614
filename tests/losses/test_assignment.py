"""Optimal one-to-one assignment, and the likelihood and the coupling that use it."""

import math
from itertools import permutations

import pytest
import torch

from jetgen.losses.assignment import optimal_assignment
from jetgen.losses.mixture import mixture_nll, one_to_one_nll
from jetgen.objectives.flow_matching import coupled

MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0]]).bool()


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


def test_no_permutation_costs_less():
    cost = normal(3, 5, 5)
    found = optimal_assignment(cost, MASK)
    for table, mask, columns in zip(cost, MASK, found, strict=True):
        real = mask.nonzero()[:, 0].tolist()
        best = min(
            sum(float(table[i, j]) for i, j in zip(real, order, strict=True))
            for order in permutations(real)
        )
        assert sum(float(table[i, columns[i]]) for i in real) == pytest.approx(best)
        assert sorted(columns.tolist()) == list(range(5))
        assert all(columns[i] == i for i in range(5) if i not in real)


@pytest.mark.parametrize("junk", [0.0, float("nan"), 1e30])
def test_the_likelihood_is_the_largest_of_all_permutations(junk):
    x, log_widths, y = normal(3, 5, 2), 0.3 * normal(3, 5, 2, seed=1), normal(3, 5, 2, seed=2)
    received = one_to_one_nll(
        *(torch.where(MASK.unsqueeze(-1), t, junk) for t in (x, log_widths, y)), MASK
    )
    for k, mask in enumerate(MASK[:2]):
        real = mask.nonzero()[:, 0].tolist()
        densities = torch.distributions.Normal(x[k], log_widths[k].exp())
        table = [densities.log_prob(y[k, j]).sum(1) for j in range(5)]
        best = max(
            sum(float(table[j][i]) for i, j in zip(real, order, strict=True))
            for order in permutations(real)
        )
        assert received[k].item() == pytest.approx(-best / len(real))
    assert received[2] == 0


def test_order_plays_no_role_and_the_gradient_is_right():
    x, log_widths, y = normal(1, 5, 3), 0.3 * normal(1, 5, 3, seed=1), normal(1, 5, 3, seed=2)
    mask = MASK[:1]
    value = one_to_one_nll(x, log_widths, y, mask)
    torch.testing.assert_close(one_to_one_nll(x, log_widths, y.flip(1), mask), value)
    moved = x[:, [3, 1, 0, 4, 2]], log_widths[:, [3, 1, 0, 4, 2]]
    torch.testing.assert_close(one_to_one_nll(*moved, y, mask), value)
    leaves = [t.clone().requires_grad_() for t in (x, log_widths, y)]
    assert torch.autograd.gradcheck(lambda *t: one_to_one_nll(*t, mask), leaves)


def test_one_centre_cannot_stand_for_all():
    """The mixture is nearly content with one good centre; one to one, the others must move."""
    y = torch.zeros(1, 4, 2).double()
    x = torch.tensor([[[0.0, 0.0], [9.0, 9.0], [9.0, -9.0], [-9.0, 9.0]]]).double()
    every = torch.ones(1, 4, dtype=torch.bool)
    narrow = torch.zeros_like(x)
    norm = math.log(2 * math.pi)
    assert mixture_nll(x, narrow, every, y, every).item() == pytest.approx(norm + math.log(4))
    assert one_to_one_nll(x, narrow, y, every).item() == pytest.approx(norm + 3 * 81 / 4)


def test_coupled_noise_is_the_same_noise_nearer_to_its_jet():
    data, noise = normal(3, 5, 3), normal(3, 5, 3, seed=3) * MASK.unsqueeze(-1)
    nearer = coupled(noise, data, MASK)
    assert torch.equal(nearer.sum(2).sort(1).values, noise.sum(2).sort(1).values)
    assert not nearer[~MASK].any()

    def cost(candidate):
        return ((candidate - data).square().sum(2) * MASK).sum(1)

    assert (cost(nearer) <= cost(noise) + 1e-12).all() and (cost(nearer) < cost(noise)).any()
