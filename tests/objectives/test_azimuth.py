"""Sets turned about the beam: rotating events changes nothing that a network sees."""

import dataclasses
import math

import pytest
import torch
from scipy.stats import kstest

import jetgen
from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.objectives.azimuth import CommonAzimuth
from jetgen.objectives.layout import Layout
from jetgen.objectives.preparation import Preparation
from jetgen.physics.fourvectors import wrap_phi
from jetgen.priors.jets import JetDraw
from jetgen.training.command import train

FEATURES = (Feature("pt", "GeV"), Feature("phi", "rad"))
CONFIG = TrainConfig(representation="features", azimuth="phi", particles=3)


def events(number: int, seed: int = 1) -> ParticleCloud:
    """Sets of one to three items, the further ones within 0.6 rad of opposite to the first."""
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand((number, 3, 2), generator=generator, dtype=torch.float64)
    phi = 2 * math.pi * uniform[:, :1, 1] + math.pi + 1.2 * (uniform[..., 1] - 0.5)
    phi[:, 0] -= math.pi
    counts = torch.arange(number) % 3 + 1
    mask = torch.arange(3) < counts.unsqueeze(1)
    return ParticleCloud(
        torch.stack([1000 + 100 * uniform[..., 0], wrap_phi(phi)], dim=2), mask, FEATURES
    )


def rotated(cloud: ParticleCloud, seed: int = 7) -> ParticleCloud:
    angles = 20 * torch.rand(len(cloud), 1, generator=torch.Generator().manual_seed(seed)).double()
    phi = wrap_phi(cloud.feature("phi") + angles)
    return dataclasses.replace(cloud, particles=torch.stack([cloud.feature("pt"), phi], dim=2))


def prepared(cloud: ParticleCloud) -> Preparation:
    preparation = Preparation(CONFIG, Layout.of(cloud, CONFIG))
    preparation.fit(cloud, JetDraw(cloud.multiplicity, {}))
    return preparation


def test_what_networks_see_does_not_depend_on_rotations():
    first, second = events(300), rotated(events(300))
    one, other = prepared(first), prepared(second)
    torch.testing.assert_close(other.to_network(second), one.to_network(first))
    torch.testing.assert_close(one.to_network(second), one.to_network(first))
    torch.testing.assert_close(other.state_dict(), one.state_dict())
    plain = Preparation(dataclasses.replace(CONFIG, azimuth=None), Layout.of(first, CONFIG))
    plain.fit(first, JetDraw(first.multiplicity, {}))
    assert not torch.allclose(plain.to_network(second), plain.to_network(first))


def test_turning_back_is_the_inverse():
    cloud, azimuth = events(300), CommonAzimuth(FEATURES, "phi")
    azimuth.fit(cloud)
    assert float(azimuth.direction.abs()) == pytest.approx(math.pi, abs=0.1)
    turned = azimuth.rotated(cloud)
    assert (turned.feature("phi")[:, 0] == 0).all()
    assert (turned.feature("phi")[:, 1:].abs() < 1.3).all()  # no cut of the circle among them
    assert torch.equal(turned.feature("pt"), cloud.feature("pt"))
    back = azimuth.rotated_back(turned, azimuth.of(cloud))
    assert (wrap_phi(back.feature("phi") - cloud.feature("phi")).abs() < 1e-12).all()
    assert torch.equal(back.mask, cloud.mask) and (back.particles[~cloud.mask] == 0).all()


def test_made_sets_have_their_first_item_at_zero_and_nothing_else_changed():
    cloud = events(50)
    preparation = prepared(cloud)
    seen = preparation.to_network(cloud)
    made = torch.randn(seen.shape, generator=torch.Generator().manual_seed(3)).to(seen)
    anchored = preparation.with_fixed_azimuth(made)
    torch.testing.assert_close(anchored[:, 0, 1], seen[:, 0, 1])
    assert torch.equal(anchored[:, 1:], made[:, 1:]) and torch.equal(anchored[..., 0], made[..., 0])
    torch.testing.assert_close(preparation.with_fixed_azimuth(seen), seen)


TRAININGS = {
    "gan": {"objective": "gan"},
    "vae": {"objective": "vae", "loss": "mse"},
    "flow matching": {"objective": "flow-matching", "decoder": "deepsets", "solver_steps": 4},
}


@pytest.mark.parametrize("variant", TRAININGS)
def test_generated_sets_lie_at_every_azimuth(variant, tmp_path):
    quarter = events(300)  # all first items in one quarter of the circle
    phi = quarter.feature("phi")
    moved = wrap_phi(phi - 0.75 * wrap_phi(phi[:, :1]))
    quarter = dataclasses.replace(
        quarter, particles=torch.stack([quarter.feature("pt"), moved], dim=2)
    )
    path = tmp_path / "events.h5"
    with set_writer(path, FEATURES, slots=3, attributes={}) as append:
        append(quarter)
    options = preset("classic") | {"encoder": "dense", "decoder": "dense", "hidden": 16}
    options |= {"layers": 1, "latent": 3}
    options |= {"epochs": 2, "batch": 64, "device": "cpu", "average": 0.9} | TRAININGS[variant]
    config = TrainConfig(
        data=[str(path)], run=str(tmp_path / "run"), representation="features", azimuth="phi",
        **options,
    )  # fmt: skip
    run = jetgen.load(train(config))
    made = run.generate(600)
    azimuths = made.feature("phi")
    assert (azimuths.abs() <= math.pi).all() and made.features == FEATURES
    scaled = (azimuths[:, 0].double() + math.pi) / (2 * math.pi)
    assert kstest(scaled.numpy(), "uniform").pvalue > 1e-3
    assert float(made.feature("phi")[made.mask].std()) > 1.5
    if run.reconstructs:
        real = run.held_out()
        again = run.reconstruct(real)
        apart = wrap_phi(again.feature("phi") - real.feature("phi"))[:, 0]
        assert (apart.abs() < 1e-5).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"azimuth": "angle"}, "azimuth: expected a feature among pt, phi, received 'angle'"),
        ({"representation": "relative"}, "azimuth: expected none with jets"),
    ],
)
def test_an_azimuth_that_is_not_there_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        Preparation(dataclasses.replace(CONFIG, **options), Layout.of(events(9), CONFIG))
