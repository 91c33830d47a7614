import awkward as ak
import numpy as np
import pytest

from jetgen.config.simulate import SimulateConfig
from jetgen.datasets import read
from jetgen.datasets.simulation.command import simulate
from jetgen.datasets.simulation.muons import Decay, flight, is_heavy, muons_of
from jetgen.physics.classes import MUON_CLASSES, class_name

pytestmark = pytest.mark.sim

PION_MASS, PION_LIFETIME = 0.13957, 7804.5


def record(*particles):
    """An event record: rows of code, status, mother and pz, of pions' mass, along the beam."""
    codes, status, mothers, pz = np.array(particles).T
    energy = np.sqrt(pz**2 + PION_MASS**2)
    momentum = ak.zip({"px": 0 * pz, "py": 0 * pz, "pz": pz, "e": energy})
    fields = {"id": codes.astype(np.int32), "status": status.astype(int), "mother1": mothers}
    return ak.zip({**{k: ak.Array(v.astype(np.int64)) for k, v in fields.items()}, "p": momentum})


def made(particles, events=1, **options):
    batch = ak.unflatten(ak.concatenate([record(*particles)] * events), [len(particles)] * events)
    decays = {211: Decay(0.5, PION_LIFETIME), 421: Decay(0.1, 0.12)}
    random = np.random.default_rng(3)
    return muons_of(batch, decays, length=150.0, random=random, **options)


def test_mean_flight_of_a_pion():
    p4 = np.array([[0.0], [0.0], [10.0], [np.hypot(10, PION_MASS)]])
    expected = 10 / PION_MASS * PION_LIFETIME
    np.testing.assert_allclose(flight(p4, np.array([PION_LIFETIME])), expected, rtol=1e-6)


def test_codes_of_heavy_particles():
    codes = np.array([211, 310, 3122, 333, -421, 443, 5122, -15, 21])
    assert is_heavy(codes).tolist() == [False] * 4 + [True] * 4 + [False]


@pytest.mark.parametrize("pz", [0.003, 10.0])
def test_pions_decay_before_they_interact_as_often_as_they_should(pz):
    top, pion, muon = (90, -11, 0, 0.0), (211, -83, 0, pz), (-13, 91, 1, pz)
    found = made([top, pion, muon], events=20_000, heavy=False)
    mean = pz / PION_MASS * PION_LIFETIME
    assert {class_name(kind) for kind in found.types} == {"mu-plus-displaced"}
    np.testing.assert_allclose(found.weights, 0.5 * 150 / (150 + mean), rtol=1e-6)
    depth = found.items[:, 0, 5]  # of the collision and of the flight, two exponentials
    flown = 150 * mean / (150 + mean)
    assert depth.mean() == pytest.approx(150 + flown, rel=0.03)
    assert depth.var() == pytest.approx(150**2 + flown**2, rel=0.06)


def test_muons_of_charm_are_prompt_and_belong_to_the_heavy_processes():
    event = [(90, -11, 0, 0.0), (421, -83, 0, 9.0), (-13, 91, 1, 5.0), (113, -83, 0, 9.0)]
    event += [(13, 91, 3, 5.0), (130, -83, 0, 9.0), (211, -91, 5, 9.0), (-13, 91, 6, 5.0)]
    heavy, light = made(event, heavy=True), made(event, heavy=False)
    assert [class_name(kind) for kind in heavy.types] == ["mu-plus-prompt"]
    assert heavy.weights.tolist() == [0.1]
    assert heavy.items[0, 0, 3:5].tolist() == [0, 0]
    assert len(light) == 0  # neither of the rho, nor of the pion behind a kaon


@pytest.mark.slow
def test_a_file_of_muons_has_every_category_and_weights_of_every_process(tmp_path):
    options = {"output": str(tmp_path / "muons.h5"), "jets": 600}
    done = simulate(SimulateConfig(sample="fixed-target-muons", **options))
    muons = read(done.path)
    assert muons.mask.shape == (600, 1)
    assert [f.name for f in muons.features] == ["px", "py", "pz", "x", "y", "z"]
    names = [class_name(int(kind)) for kind in muons.condition("type")]
    assert set(names) == set(MUON_CLASSES)
    displaced = np.array([name.endswith("displaced") for name in names])
    x, y, z = muons.particles[:, 0, 3:].T.numpy()
    assert ((x != 0) == displaced).all()
    assert (np.hypot(x, y)[displaced] < 150).mean() > 0.9
    weights = muons.weights.numpy()
    assert weights.min() > 0
    assert weights[~displaced].min() < 1e-7 < 1e-5 < weights[displaced].mean()
    assert float(muons.particles[:, 0, 2].max()) < 400
    assert z.max() > 100
