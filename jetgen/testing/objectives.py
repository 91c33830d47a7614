"""The laws of training objectives, and whether one keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.kinds import kind_of
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.testing.holding import hold

SMALL = {"particles": 12, "hidden": 16, "layers": 1, "latent": 4}


def toy_jets(jets: int = 200, slots: int = 12, seed: int = 1) -> ParticleCloud:
    """Jets of relative particles with Gaussian angles, as training data for a check."""
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(slots // 2, slots + 1, (jets,), generator=generator)
    mask = torch.arange(slots) < counts.unsqueeze(1)
    angles = 0.1 * torch.randn((jets, slots, 2), generator=generator)
    shares = torch.rand((jets, slots, 1), generator=generator) + 0.05
    shares = shares * mask.unsqueeze(2)
    particles = torch.cat([angles, shares / shares.sum(1, keepdim=True)], dim=2)
    kinematics = torch.tensor([1000.0, 0.0, 0.0, 100.0]).expand(jets, 4)
    columns = dict(zip(JET_KINEMATICS, kinematics.unbind(1), strict=True))
    return ParticleCloud(particles * mask.unsqueeze(2), mask, RELATIVE).with_conditions(columns)


def gives_one_finite_loss_for_each_jet(model: JetModel, jets: ParticleCloud) -> None:
    for player in model.players():
        loss = model.loss(player, jets, 1, torch.Generator().manual_seed(1))
        assert loss.total.shape == (len(jets),), (player, loss.total.shape)
        assert loss.total.isfinite().all(), player
        for name, values in loss.parts.items():
            assert values.shape == (len(jets),), (player, name, values.shape)


def trains_the_parameters_of_every_player(model: JetModel, jets: ParticleCloud) -> None:
    """No player is without a gradient; single parameters may be (the bias of a critic cancels)."""
    for name, player in model.players().items():
        parameters = list(player.parameters)
        loss = model.loss(name, jets, 1, torch.Generator().manual_seed(1))
        gradients = torch.autograd.grad(loss.total.mean(), parameters, allow_unused=True)
        silent = [p for p, g in zip(parameters, gradients, strict=True) if g is None or not g.any()]
        assert all(parameter.shape == (1,) for parameter in silent), name


def draws_the_same_loss_from_the_same_seed(model: JetModel, jets: ParticleCloud) -> None:
    for player in model.players():
        one, other = (
            model.loss(player, jets, 1, torch.Generator().manual_seed(1)).total for _ in range(2)
        )
        assert torch.equal(one, other), player


def makes_finite_jets(model: JetModel, jets: ParticleCloud) -> None:
    """With the drawn numbers of particles, the same from the same seed."""
    made = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(2)
        draw = model.draw(30, generator)
        made.append(model.sample(draw, generator))
    assert len(made[0]) == 30
    assert made[0].particles.isfinite().all()
    assert torch.equal(made[0].particles, made[1].particles)


def check_objective(
    objective: type[JetModel], options: Mapping[str, Any] | None = None, /, **training: Any
) -> None:
    """Check that an objective gives finite losses, trains all its players and makes jets.

    Args:
        objective: the class.
        options: its own options by name.
        training: options of the training that it is built with.

    Raises:
        AssertionError: when it breaks a law, with the law's name.
    """
    config = TrainConfig(**{**SMALL, **training})
    jets = kind_of(config.representation).represent(toy_jets(), config)
    torch.manual_seed(1)
    model = objective(config, Layout.of(jets, config), **objective.filled_options(options))
    model.fit_data(jets)
    batch = jets[:64]
    hold(gives_one_finite_loss_for_each_jet, model, batch)
    hold(draws_the_same_loss_from_the_same_seed, model, batch)
    hold(trains_the_parameters_of_every_player, model, batch)
    model.eval()
    hold(makes_finite_jets, model, batch)
