"""From files to networks: each jet converted and transformed once."""

import torch

from jetgen.config.train import TrainConfig
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.preparation import represent
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative


def test_cartesian_jets_keep_every_digit_of_their_momenta(toy_jets):
    jets = toy_jets(50, 1)
    kept = represent(jets, TrainConfig(representation="cartesian", particles=10))
    assert kept.mask.shape == (50, 10)
    for jet, found, mask in zip(jets.particles, kept.particles, kept.mask, strict=True):
        leading = jet[torch.hypot(jet[:, 0], jet[:, 1]).argsort(descending=True)[:10]]
        assert torch.equal(found[mask], leading[mask])
    of_their_sum = to_relative(kept)
    for feature in JET_KINEMATICS:
        assert torch.equal(kept.condition(feature.name), of_their_sum.condition(feature.name))


def test_the_loss_of_an_autoencoder_transforms_a_batch_once(toy_jets, monkeypatch):
    options = TrainConfig(particles=10, hidden=8, layers=1, latent=3)
    jets = represent(toy_jets(60, 1), options)
    model = build_objective(options, Layout.of(jets, options))
    model.fit_data(jets)
    transformed = []
    forward = model.preparation.transforms.forward

    def counted(particles):
        transformed.append(len(particles))
        return forward(particles)

    monkeypatch.setattr(model.preparation.transforms, "forward", counted)
    model.loss("autoencoder", jets[:20], 0, torch.Generator().manual_seed(1))
    assert transformed == [20]
