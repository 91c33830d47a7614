"""Options of adversarial trainings and of discrete codes do what their help says."""

import pytest
import torch
from torch import nn

from jetgen.cloud import RELATIVE
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.objectives.autoencoder import _rounded
from jetgen.objectives.building import build_objective
from jetgen.objectives.gan import GAN
from jetgen.objectives.layout import Layout
from jetgen.physics.fourvectors import JET_KINEMATICS

LAYOUT = Layout(280, RELATIVE, JET_KINEMATICS[:2])
DENSE = {"encoder": "dense", "decoder": "dense", "hidden": 7, "layers": 2, "particles": 5}


def gan(*own: str, **options) -> GAN:
    config = TrainConfig(objective="gan", objective_option=list(own), **DENSE | options)
    return build_objective(config, LAYOUT)


def widths(network: nn.Module) -> list[int]:
    return [each.out_features for each in network.modules() if isinstance(each, nn.Linear)]


def test_generator_and_discriminator_have_sizes_of_their_own():
    sizes = {"decoder_layers": 3, "discriminator_hidden": 11, "discriminator_layers": 1}
    model = gan(**sizes)
    assert widths(model.generator) == [7, 7, 7, 15]
    assert widths(model.discriminator) == [11, 1]
    assert widths(gan().discriminator) == [7, 7, 1]
    aae = build_objective(TrainConfig(objective="aae", **DENSE, **sizes), LAYOUT)
    assert widths(aae.discriminator) == [11, 1] and widths(aae.encoder)[:2] == [7, 7]


def test_the_decay_rate_of_adam_is_that_of_the_option():
    assert gan("beta1=0.2").players()["generator"].betas == (0.2, 0.9)


def test_a_variant_of_adam_needs_adam():
    with pytest.raises(InputError, match=r"optimiser.*adam with amsgrad=true.*muon"):
        gan(amsgrad=True, optimiser="muon")


def test_the_saturating_loss_has_no_gradient_where_the_discriminator_is_sure():
    logits = torch.tensor([-20.0, 0.0], requires_grad=True)
    slopes = {}
    for own in ("saturating=true", "saturating=false"):
        (slopes[own],) = torch.autograd.grad(
            gan(own, gan_loss="bce")._generator_loss(logits).sum(), logits
        )
    assert slopes["saturating=true"].tolist() == pytest.approx([0.0, -0.5], abs=1e-6)
    assert slopes["saturating=false"].tolist() == pytest.approx([-1.0, -0.5], abs=1e-6)
    with pytest.raises(InputError, match=r"^gan_loss: expected bce with"):
        gan("saturating=true", gan_loss="lsgan")


def test_labels_of_generated_jets_have_noise_only_if_they_should():
    real, fake = torch.zeros(50), torch.ones(50)  # a logit of zero does not see its label
    spreads = {
        own: float(
            gan(own, gan_loss="bce")._discriminator_loss(real, fake, torch.Generator()).std()
        )
        for own in ("fake_label_noise=true", "fake_label_noise=false")
    }
    assert spreads["fake_label_noise=true"] > 0.1 and spreads["fake_label_noise=false"] == 0


def test_codes_are_rounded_before_they_are_decoded_and_pass_the_gradient():
    z = torch.tensor([[0.3, -0.9]], requires_grad=True)
    rounded = _rounded(z, 0.5)
    assert rounded.tolist() == [[0.5, -1.0]] and _rounded(z, 0.0) is z
    (slope,) = torch.autograd.grad((2 * rounded).sum(), z)
    assert slope.tolist() == [[2.0, 2.0]]
    model = build_objective(TrainConfig(objective="ae", code_step=0.5, **DENSE), LAYOUT).eval()
    mask, context = torch.ones(1, 5, dtype=torch.bool), torch.zeros(1, 3)
    codes = 0.2 * torch.rand(2, 1, 20)
    made = [model.decoded(each, mask, context, torch.Generator()) for each in codes]
    assert torch.equal(*made), "codes of one cell are decoded alike"
