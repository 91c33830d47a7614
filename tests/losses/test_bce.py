"""Binary cross-entropy: closed forms, and the autoencoder that is trained by it."""

import math

import pytest
import torch

from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.losses import bce
from jetgen.runs.trained_model import load
from jetgen.training.command import train

REAL = torch.ones(1, 2, dtype=torch.bool)


def one(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(1, 2, 1)


def test_it_is_the_cross_entropy_and_smallest_at_the_target():
    entropy = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7)) / 2 + math.log(2) / 2
    assert float(bce(one(0.3, 0.5), REAL, one(0.3, 0.5), REAL)) == pytest.approx(entropy)
    x = one(0.3, 0.5).requires_grad_()
    (slope,) = torch.autograd.grad(bce(x, REAL, one(0.3, 0.5), REAL).sum(), x)
    assert slope.abs().max() < 1e-12


def test_ends_stay_finite_and_targets_beyond_them_are_taken_there():
    far = bce(one(0.0, 1.0), REAL, one(1.0, 0.0), REAL)
    assert far.isfinite().all() and float(far) == pytest.approx(-math.log(1e-6), rel=1e-3)
    assert torch.equal(
        bce(one(0.5, 0.5), REAL, one(1.2, -3.0), REAL), bce(one(0.5, 0.5), REAL, one(1, 0), REAL)
    )


@pytest.fixture
def config(tmp_path, make_muons):
    cloud = make_muons(400)
    with set_writer(tmp_path / "x.h5", cloud.features, slots=1, attributes={}) as append:
        append(cloud)

    def make(**options):
        fitted = {
            "data": [str(tmp_path / "x.h5")],
            "run": str(tmp_path / "run"),
            "columns": ("px", "pz"),
            "encoder": "dense",
            "decoder": "dense",
            "hidden": 32,
            "layers": 2,
            "latent": 2,
            "loss": "bce",
            "loss_scale": 1000,
            "epochs": 60,
            "batch": 32,
            "learning_rate": 0.005,
            "beta_warmup": 1,
            "weighted": False,
            "device": "cpu",
        }
        return TrainConfig(**(preset("classic") | fitted | options))

    return make


@pytest.mark.slow
def test_a_vae_trained_by_it_makes_values_within_the_range_of_the_data(config):
    run = load(train(config(transform=["px=unit", "pz=asinh+unit"])))
    real, made = run.training_jets(), run.reconstruct(run.held_out())
    for name in ("px", "pz"):
        known = real.feature(name)
        assert known.min() <= made.feature(name).min() < made.feature(name).max() <= known.max()
    error = (made.particles - run.held_out().particles).abs().mean((0, 1))
    assert (error < 0.3 * real.particles.std((0, 1))).all()


def test_features_that_are_not_in_zero_to_one_are_refused_by_name(config):
    with pytest.raises(InputError, match=r"loss='bce': expected features .* received pz ending in"):
        train(config(transform=["px=unit", "pz=unit+standardise"]))
    with pytest.raises(InputError, match="likelihood_weight: expected 0 with the loss bce"):
        config(likelihood_weight=1.0)
    with pytest.raises(InputError, match="loss: expected chamfer or emd with a decoder"):
        TrainConfig(loss="bce")
