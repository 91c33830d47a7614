"""Jets from Pythia itself, a few hundred of them."""

import multiprocessing

import h5py
import numpy as np
import pytest
import torch

from jetgen.config.simulate import SimulateConfig
from jetgen.datasets import read
from jetgen.datasets.simulation import workers
from jetgen.datasets.simulation.clustering import Jets, kinematics
from jetgen.datasets.simulation.command import simulate, to_cloud
from jetgen.datasets.simulation.events import batches, started
from jetgen.datasets.simulation.workers import make_jets, prepared
from jetgen.errors import InputError
from jetgen.physics import fourvectors
from jetgen.physics.classes import JET_CLASSES, class_index

pytestmark = pytest.mark.sim

MASS = {"w": 80.4, "z": 91.2, "top": 172.5}


def config(jet_type="gluon", **options):
    return SimulateConfig(sample=jet_type, output="unused.h5", **options)


def joined(parts):
    return Jets(
        *[
            np.concatenate([getattr(p, name) for p in parts], axis=-1)
            for name in ("momenta", "event", "constituents", "counts")
        ]
    )


def made(settings, seed=7, jets=100):
    return joined(list(make_jets(settings, prepared(settings), seed, jets)))


@pytest.fixture(scope="module", params=JET_CLASSES)
def jets_of_class(request):
    return request.param, made(config(request.param, mpi=False), jets=200)


def test_every_class_makes_jets_inside_the_cuts(jets_of_class):
    _, jets = jets_of_class
    assert len(jets) == 200
    pt, eta, _, _ = kinematics(jets.momenta)
    assert pt.min() >= 800
    assert pt.max() <= 1600
    assert np.abs(eta).max() < 2.5
    starts = np.cumsum(jets.counts) - jets.counts
    sums = np.add.reduceat(jets.constituents, starts, axis=1)
    np.testing.assert_allclose(sums, jets.momenta, atol=1e-6)


def test_the_mass_peaks_at_the_parton(jets_of_class):
    jet_type, jets = jets_of_class
    mass = kinematics(jets.momenta)[3]
    if jet_type in MASS:
        near_peak = np.abs(mass - MASS[jet_type]) < 15
        assert near_peak.mean() > 0.5
        assert np.median(mass) == pytest.approx(MASS[jet_type], abs=8)
    else:
        assert np.std(mass) > 30  # no particle's mass to peak at


def test_the_resonance_and_what_it_decays_to_are_seen_in_a_dijet_file(tmp_path):
    done = simulate(
        SimulateConfig(
            sample="lhco-signal", output=str(tmp_path / "a.h5"), jets=60, mpi=False, tau21=True
        )
    )
    events = read(done.path)
    assert (len(events), events.mask.shape) == (60, (60, 2))
    assert events.condition("type").unique().tolist() == [class_index("lhco-signal")]
    pt, eta, phi, mass, tau21 = events.particles.unbind(2)
    assert float(pt[:, 0].min()) >= 1200
    assert (pt[:, 0] >= pt[:, 1]).all()
    assert float(eta.abs().max()) < 2.5
    assert ((tau21 > 0) & (tau21 < 1)).all()
    light, heavy = mass.sort(dim=1).values.median(dim=0).values.tolist()
    assert light == pytest.approx(100, abs=15)
    assert heavy == pytest.approx(500, abs=50)
    momenta = fourvectors.massive(pt, eta, phi, mass)
    assert float(fourvectors.mass(momenta.sum(1)).median()) == pytest.approx(3500, rel=0.05)


def test_gluon_jets_hold_more_particles_than_quark_jets():
    gluon, quark = made(config("gluon", mpi=False)), made(config("quark", mpi=False))
    assert gluon.counts.mean() > 1.2 * quark.counts.mean()


def test_no_neutrino_is_visible():
    settings = config("w", pythia=["24:onMode = off", "24:onIfAny = 11 13 15"])
    batch = next(batches(started(settings, 3), settings, 20))
    kinds = np.abs(batch.visible.codes)
    assert np.isin(kinds, (11, 13)).any()
    assert not np.isin(kinds, (12, 14, 16)).any()


def test_the_underlying_event_adds_particles():
    assert made(config()).counts.mean() > 1.15 * made(config(mpi=False)).counts.mean()


@pytest.mark.slow
def test_the_same_seed_makes_the_same_jets_and_another_does_not():
    first, again, other = made(config(), 7), made(config(), 7), made(config(), 8)
    assert np.array_equal(first.constituents, again.constituents)
    assert not np.array_equal(first.momenta, other.momenta)


def test_a_detector_is_off_by_default_and_changes_the_jets():
    plain, seen = made(config(), jets=60), made(config(detector=True), jets=60)
    assert seen.counts.mean() < 0.95 * plain.counts.mean()
    assert kinematics(seen.constituents)[0].min() >= 0.5
    assert kinematics(plain.constituents)[0].min() < 0.1


@pytest.mark.parametrize("line", ["No:such = 1", "Tune:pp = 99", "9999:m0 = 3"])
def test_a_line_that_pythia_does_not_take_is_named(line, capfd):
    with pytest.raises(InputError, match=line):
        started(config(pythia=[line]), 1)
    assert capfd.readouterr().out == ""


def test_settings_without_a_process_cannot_start():
    nothing = ["HardQCD:gg2gg = off", "HardQCD:qqbar2gg = off"]
    with pytest.raises(InputError, match="start with"):
        made(config(pythia=nothing))


def test_events_without_hadrons_are_refused():
    with pytest.raises(InputError, match="hadron"):
        made(config(pythia=["HadronLevel:all = off"]))


def test_a_selection_that_nothing_passes_ends(monkeypatch):
    monkeypatch.setattr(workers, "FRUITLESS_BATCHES", 2)
    with pytest.raises(InputError, match="received none"):
        made(config(jet_pt_min=1590.0, mpi=False), jets=10)


def test_a_cloud_holds_the_jets():
    jets = made(config(mpi=False), jets=20)
    cloud = to_cloud(jets, 3)
    assert cloud.multiplicity.tolist() == jets.counts.tolist()
    assert torch.equal(cloud.condition("num_particles").long(), cloud.multiplicity)
    assert set(cloud.condition("type").tolist()) == {3.0}
    np.testing.assert_allclose(cloud.particles.sum(1).numpy(), jets.momenta.T, atol=1e-6)


@pytest.mark.slow
def test_the_jets_do_not_depend_on_the_number_of_workers(tmp_path):
    contents = []
    for count in (1, 3):
        done = simulate(
            SimulateConfig(
                sample="gluon",
                output=str(tmp_path / f"{count}.h5"),
                jets=1100,
                workers=count,
                mpi=False,
            )
        )
        assert done.jets == 1100
        assert not done.interrupted
        with h5py.File(done.path) as file:
            contents.append({key: file[key][:] for key in file})
            assert "8.317" in file.attrs["versions"]
            assert file.attrs["seed"] == 1
            assert file.attrs["interrupted"] == 0
    for key, values in contents[0].items():
        assert np.array_equal(values, contents[1][key]), key
    assert len(np.unique(contents[0]["jet_features"], axis=0)) == 1100
    assert not multiprocessing.active_children()
