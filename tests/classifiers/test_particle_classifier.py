"""Networks on particles: blind where there is nothing to see, sharp on what trees miss."""

from dataclasses import replace

import pytest
import torch

from jetgen.classifiers import jet_classifier
from jetgen.classifiers.boosted_trees import feature_table, figure_of_merit
from jetgen.classifiers.jet_classifier import JetClassifier, classifier_input
from jetgen.classifiers.particle_classifier import CONTEXT, particle_figure_of_merit
from jetgen.errors import InputError
from jetgen.physics.observables import measure

ARCHITECTURES = ("particlenet", "transformer")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(jet_classifier, "_EPOCHS", 3)
    monkeypatch.setattr(jet_classifier, "_BATCH", 50)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equal_samples_are_not_told_apart_and_wider_jets_are(toy_jets, quick, architecture):
    real, same, wide = (
        measure(toy_jets(400, seed, width=width, slots=6))
        for seed, width in ((1, 0.12), (2, 0.12), (3, 0.4))
    )
    steps = []
    alike = particle_figure_of_merit(real, same, architecture, progress=steps.append)
    assert alike.auc == pytest.approx(0.5, abs=4 * alike.auc_error) and alike.jets == 400
    assert steps and steps[0].startswith(f"{architecture}: epoch 1")
    apart = particle_figure_of_merit(real, wide, architecture)
    assert apart.auc > 0.9 and apart.overlap < 0.5 and apart.chi2 > 5


def test_the_seed_decides_and_the_global_stream_is_left_alone(toy_jets, quick):
    samples = [measure(toy_jets(120, seed, slots=8)) for seed in (1, 2)]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = particle_figure_of_merit(*samples, "transformer", seed=1)
    assert torch.rand(1) == expected
    assert particle_figure_of_merit(*samples, "transformer", seed=1) == first
    assert particle_figure_of_merit(*samples, "transformer", seed=2) != first


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_order_padding_and_other_jets_do_not_matter(toy_jets, architecture):
    jets = classifier_input(measure(toy_jets(6, 1, slots=9)), CONTEXT)
    network = JetClassifier(architecture, CONTEXT, 2)
    network.fit_scales(jets)
    scores = network(jets)
    padded = replace(
        jets,
        particles=torch.nn.functional.pad(jets.particles, (0, 0, 0, 3)),
        mask=torch.nn.functional.pad(jets.mask, (0, 3)),
    )
    torch.testing.assert_close(network(padded), scores, rtol=1e-4, atol=1e-5)
    shuffled = jets.shuffled(torch.Generator().manual_seed(1))
    torch.testing.assert_close(network(shuffled), scores, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(network(jets[:1]), scores[:1], rtol=1e-4, atol=1e-5)


def test_too_few_jets_are_refused(toy_jets):
    few = measure(toy_jets(99, 1, slots=6))
    with pytest.raises(InputError, match="at least 100 jets of each kind"):
        particle_figure_of_merit(few, few, "particlenet")


@pytest.mark.slow
def test_flat_features_are_the_leading_momenta(toy_jets):
    real = measure(toy_jets(300, 1, slots=40))
    table = feature_table(real, measure(toy_jets(200, 2, slots=20)), "flat")
    assert table.real.shape == (300, 60) and table.generated.shape == (200, 60)
    assert table.names[:4] == ["px_1", "py_1", "pz_1", "px_2"]
    jets = toy_jets(300, 1, slots=40)
    hardest = jets.particles[torch.arange(300), jets.particles[..., :2].norm(dim=-1).argmax(1)]
    torch.testing.assert_close(table.real[:, :3], hardest.double(), rtol=1e-4, atol=1e-3)
    merit = figure_of_merit(table.real, 1.5 * table.generated, table.names)
    assert merit.auc > 0.6


def test_flat_features_without_a_laboratory_frame_are_relative(toy_jets):
    bare = measure(toy_jets(50, 1)).relative
    bare = replace(bare, conditions=bare.conditions[:, :0], condition_features=())
    table = feature_table(measure(bare), measure(toy_jets(50, 2)), "flat")
    assert table.names[:3] == ["etarel_1", "phirel_1", "ptrel_1"]
