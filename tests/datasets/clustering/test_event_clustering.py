"""Published events become the di-jets that a simulation makes of the same particles."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from jetgen.cli.main import main
from jetgen.config.cluster import ClusterConfig
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets import read
from jetgen.datasets.clustering import command as event_clustering
from jetgen.datasets.clustering.command import cluster_events
from jetgen.datasets.simulation.collisions import Events
from jetgen.datasets.simulation.dijets import cuts_of, dijets
from jetgen.errors import InputError, InputWarning

pytestmark = pytest.mark.sim


def table(events: Events, labels: np.ndarray) -> np.ndarray:
    """Particles of each event as pT, eta, phi in falling pT, zero padded, and the label."""
    px, py, pz, _ = events.momenta
    pt = np.hypot(px, py)
    columns = np.stack([pt, np.arcsinh(pz / pt), np.arctan2(py, px)], axis=1)
    rows = np.zeros((len(events), 2101))
    rows[:, 2100] = labels
    for row, start, stop in zip(rows, events.offsets[:-1], events.offsets[1:], strict=True):
        particles = columns[start:stop]
        ordered = particles[np.argsort(-particles[:, 0])][:700]
        row[: ordered.size] = ordered.ravel()
    return rows


def back_to_back(events: int) -> np.ndarray:
    """Two jets of two particles per event, the harder one of 1005 + 10 i GeV; a third signal."""
    i = np.arange(events)
    pt, eta, phi = 1005 + 10.0 * i, 0.01 * i, np.linspace(-3, 3, events)
    hard = [(0.6 * pt, eta, phi), (0.4 * pt, eta + 0.2, phi)]
    soft = [(0.5 * pt, -eta, phi + np.pi), (0.3 * pt, -eta, phi + np.pi + 0.3)]
    rows = np.zeros((events, 2101))
    for slot, columns in enumerate([*hard, *soft]):
        rows[:, 3 * slot : 3 * slot + 3] = np.stack(columns, axis=1)
    rows[:, 2100] = i % 3 == 0
    return rows


def test_massless_particles_give_the_dijets_of_the_simulation(lhco_file, tmp_path):
    from jetgen.datasets.simulation.clustering import visible_particles
    from jetgen.datasets.simulation.events import batches, started

    config = SimulateConfig(
        sample="lhco-qcd", output="unused.h5", mpi=False, tau21=True, jet_pt_min=400.0
    )
    batch = next(batches(started(config, 4), config, 100))
    particles = visible_particles(batch, config, np.random.default_rng(1))
    simulated = dijets(particles, np.full(len(particles), 6), cuts_of(config))

    path = lhco_file(table(particles, np.zeros(len(particles))))
    output = str(tmp_path / "dijets.h5")
    options = {"jet_pt_min": 400.0, "tau21": True}
    done = cluster_events(ClusterConfig(input=str(path), output=output, **options))
    found = read(output)
    assert done.events == len(particles) and done.kept == len(simulated) > 90
    assert found.features == simulated.features and set(found.condition("type").tolist()) == {6.0}

    made = found.particles.double().numpy()
    px, py, pz, _ = particles.momenta
    massless = replace(particles, momenta=np.stack([px, py, pz, np.sqrt(px**2 + py**2 + pz**2)]))
    exact = dijets(massless, np.full(len(particles), 6), cuts_of(config))
    np.testing.assert_allclose(made, exact.items, rtol=2e-5, atol=2e-5)

    # A particle of mass m that carries the share z of the energy adds about m^2 / z to the square
    # of the jet's mass: directions are kept, masses come out too small, those of light jets most.
    leads = np.abs(made[:, 0, 1] - simulated.items[:, 0, 1]) < 0.1  # else of nearly one pT
    assert leads.mean() > 0.9
    apart = np.abs(made[leads] - simulated.items[leads])
    pt, eta, phi, *_ = np.quantile(apart / [1000, 1, 1, 1, 1], 0.95, axis=(0, 1))
    assert max(pt, eta, phi) < 0.003
    ratio = made[leads, :, 3] / simulated.items[leads, :, 3]
    assert (ratio < 1.01).all() and 0.9 < np.median(ratio) < 1 and np.quantile(ratio, 0.1) > 0.75


@pytest.mark.slow
def test_order_labels_and_cuts_do_not_depend_on_the_workers(lhco_file, tmp_path, monkeypatch):
    monkeypatch.setattr(event_clustering, "CHUNK", 7)
    path = lhco_file(back_to_back(60), compression="gzip")
    files = []
    for workers in (1, 3):
        output = str(tmp_path / f"{workers}.h5")
        config = ClusterConfig(input=str(path), output=output, events=50, workers=workers)
        done = cluster_events(config)
        assert (done.events, done.kept, done.interrupted) == (50, 30, False)
        files.append(read(output))
    first, second = files
    assert np.array_equal(first.particles, second.particles)
    lead = first.feature("pt")[:, 0].numpy()
    assert (np.diff(lead) > 0).all() and lead[0] == pytest.approx(1205)
    kinds = np.where(np.arange(20, 50) % 3 == 0, 5, 6)
    assert first.condition("type").tolist() == kinds.tolist()
    assert [f.name for f in first.features] == ["pt", "eta", "phi", "mass"]
    assert np.allclose(first.feature("mass")[:, 0], lead * np.sqrt(0.24) * 0.2, rtol=0.01)


@pytest.mark.slow
def test_the_command_says_what_it_kept(lhco_file, tmp_path, capsys):
    output = tmp_path / "dijets.h5"
    words = [str(lhco_file(back_to_back(30), labels=None)), "--output", str(output)]
    assert main(["cluster", *words, "--jet-pt-min", "500"]) == 0
    assert "30 of 30 events kept" in capsys.readouterr().out
    with h5py.File(output) as file:
        assert file.attrs["events"] == 30 and file.attrs["interrupted"] == 0
        assert len(file.attrs["input_sha256"]) == 64
    assert read(str(output)).condition("type").tolist() == [-1] * 30
    assert main(["cluster", *words]) == 2
    assert "expected a new file" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_leaves_a_whole_file_of_what_was_done(lhco_file, tmp_path, monkeypatch):
    @contextmanager
    def interrupting(task, total, unit):
        yield lambda count: os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(event_clustering, "CHUNK", 5)
    monkeypatch.setattr(event_clustering, "counted", interrupting)
    path, output = lhco_file(back_to_back(60)), str(tmp_path / "dijets.h5")
    options = {"input": str(path), "output": output, "jet_pt_min": 100.0}
    with pytest.warns(InputWarning, match="finished chunks are kept in .* with resume=True$"):
        done = cluster_events(ClusterConfig(**options))
    assert done.interrupted and 5 <= done.events < 60 and done.kept == done.events
    with h5py.File(output) as file:
        assert file.attrs["interrupted"] == 1 and file.attrs["events"] == done.events
    assert len(read(output)) == done.kept
    monkeypatch.undo()
    monkeypatch.setattr(event_clustering, "CHUNK", 5)
    part = Path(output).replace(tmp_path / "part.h5")
    Path(output).write_bytes(b"of the user")
    with pytest.raises(InputError, match="expected a new file, received one that exists"):
        cluster_events(ClusterConfig(**options, resume=True))
    assert part.replace(output).stat().st_size > 100
    again = cluster_events(ClusterConfig(**options, resume=True, workers=2))
    assert (again.events, again.kept, again.interrupted) == (60, 60, False)
    whole = cluster_events(ClusterConfig(**{**options, "output": str(tmp_path / "whole.h5")}))
    assert np.array_equal(read(output).particles, read(whole.path).particles)


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (lambda rows: rows, {"jet_pt_min": 9000.0}, "received none among 20; lower `jet_pt_min`"),
        (lambda rows: np.where(rows == rows[9, 4], np.nan, rows), {}, "others in event 9"),
        (lambda rows: np.where(rows == rows[7, 3], -1.0, rows), {}, "others in event 7"),
        (lambda rows: rows[:, :100], {}, "received pandas HDF5, which contains no particles of"),
    ],
)
def test_events_that_cannot_be_used_leave_no_file(lhco_file, tmp_path, spoil, options, message):
    path, output = lhco_file(spoil(back_to_back(20))), tmp_path / "dijets.h5"
    with pytest.raises(InputError, match=message) as caught:
        cluster_events(ClusterConfig(input=str(path), output=str(output), **options))
    assert "\n" not in str(caught.value) and not output.exists()


def test_a_file_of_jets_is_not_clustered(gaussian_file, tmp_path):
    output = str(tmp_path / "dijets.h5")
    with pytest.raises(InputError, match="received jetgen HDF5, which contains no particles of"):
        cluster_events(ClusterConfig(input=str(gaussian_file), output=output))
