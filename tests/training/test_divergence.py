"""The first loss that is not finite is named, whatever it does to those after it."""

import torch

from jetgen.objectives.base import Loss
from jetgen.training.divergence import Divergence


def loss(**parts):
    """A loss of three jets; a part that is given is this value for the second one."""
    values = {name: torch.tensor([1.0, value, 1.0]) for name, value in parts.items()}
    return Loss(torch.stack(list(values.values())).sum(0), values)


def test_the_parts_of_the_first_bad_loss_are_named():
    divergence = Divergence()
    assert divergence.culprits() == []
    for mass in (1.0, torch.inf, 1.0, torch.nan):
        divergence.look(loss(mass=mass, kl=1.0))
    assert divergence.culprits() == ["mass"]
    divergence.look(loss(mass=torch.nan, kl=torch.nan))
    assert divergence.culprits() == ["mass"]


def test_players_take_turns():
    divergence = Divergence()
    divergence.look(loss(discriminator=1.0))
    divergence.look(loss(generator=torch.nan))
    divergence.look(loss(discriminator=torch.nan))
    assert divergence.culprits() == ["generator"]


def test_a_total_without_parts_is_named_as_such():
    divergence = Divergence()
    divergence.look(Loss(torch.tensor([1.0, torch.nan]), {}))
    assert divergence.culprits() == ["total"]
