"""Chunks on a Dask cluster: in order, the same whichever worker dies, and from every command."""

import os
import signal
from dataclasses import replace
from functools import partial

import h5py
import numpy as np
import psutil
import pytest

from jetgen.config.cluster import ClusterConfig
from jetgen.config.generate import GenerateConfig
from jetgen.config.simulate import SimulateConfig
from jetgen.config.train import TrainConfig
from jetgen.datasets.clustering import command as clustering
from jetgen.datasets.dask_cluster import by_dask
from jetgen.datasets.simulation.command import simulate
from jetgen.errors import InputError
from jetgen.generation import command as generation
from jetgen.training.command import train

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    """The address of a scheduler with two worker processes."""
    options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": "CRITICAL"}
    with distributed.LocalCluster(n_workers=2, **options) as cluster:
        yield cluster.scheduler_address


def kill_a_worker():
    processes = psutil.Process().children(recursive=True)
    worker = next(p for p in processes if any("spawn_main" in word for word in p.cmdline()))
    worker.send_signal(signal.SIGKILL)


def planted(folder, numbers):
    """Chunks of numbers; the first worker with chunk 2 is killed, chunk 9 is an error."""
    for number in numbers:
        mark = folder / "killed"
        if number == 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 9:
            raise InputError("planted: expected a chunk, received 9")
        yield np.random.default_rng(number).normal(size=3)


@pytest.mark.slow
def test_chunks_of_a_killed_worker_are_made_again_and_errors_arrive(tmp_path, cluster):
    found = []
    with pytest.raises(InputError, match="planted: expected a chunk, received 9"):
        for chunk in by_dask(partial(planted, tmp_path), range(12), cluster, lambda: False):
            found.append(chunk)
    assert (tmp_path / "killed").exists()
    here = [chunk for number in range(9) for chunk in planted(tmp_path, [number])]
    assert np.array_equal(found, here)


@pytest.mark.slow
def test_stops_after_the_chunks_so_far(tmp_path, cluster):
    (tmp_path / "killed").touch()
    taken = []
    for chunk in by_dask(partial(planted, tmp_path), range(9), cluster, lambda: len(taken) > 1):
        taken.append(chunk)
    assert 2 <= len(taken) < 9


def test_no_scheduler_gives_one_line(monkeypatch):
    monkeypatch.setattr("jetgen.datasets.dask_cluster.CONNECTING", 0.2)
    with pytest.raises(InputError, match="dask: expected the address of a running scheduler"):
        list(by_dask(planted, range(1), "tcp://127.0.0.1:9", lambda: False))


@pytest.fixture
def same_file(tmp_path, monkeypatch):
    """Makes ``made.h5`` in two ways, and compares the two files."""

    def compare(*makes):
        files = []
        for number, make in enumerate(makes):
            folder = tmp_path / f"{number}"
            folder.mkdir()
            monkeypatch.chdir(folder)  # the file names its path
            make()
            files.append(folder / "made.h5")
        assert_same_file(*files)

    return compare


def assert_same_file(one, other):
    with h5py.File(one) as a, h5py.File(other) as b:
        assert a.keys() == b.keys()
        for name in a:
            assert a[name][()].tobytes() == b[name][()].tobytes(), name
        for name in a.attrs.keys() - {"jets_per_second"}:
            assert np.array_equal(a.attrs[name], b.attrs[name]), name


@pytest.mark.slow
def test_the_file_is_the_same_when_a_worker_is_killed(lhco_file, cluster, same_file, monkeypatch):
    monkeypatch.setattr(clustering, "CHUNK", 5)
    rows = np.zeros((60, 2101))
    for i, row in enumerate(rows):
        row[:6] = [1300 + 10 * i, 0.1, 0.5, 1250 + 10 * i, -0.1, 0.5 - np.pi]
    path, made = str(lhco_file(rows)), clustering.mapped

    def disturbed(*arguments, **options):
        for number, chunk in enumerate(made(*arguments, **options)):
            if number == 1:
                kill_a_worker()
            yield chunk

    def with_a_kill():
        monkeypatch.setattr(clustering, "mapped", disturbed)
        clustering.cluster_events(ClusterConfig(path, "made.h5", dask=cluster))

    same_file(partial(clustering.cluster_events, ClusterConfig(path, "made.h5")), with_a_kill)


@pytest.mark.slow
def test_generates_the_same_file(gaussian_file, tmp_path, cluster, same_file, monkeypatch):
    monkeypatch.setattr(generation, "CHUNK", 256)
    options = {"epochs": 1, "hidden": 8, "latent": 3, "particles": 12, "device": "cpu"}
    run = str(train(TrainConfig(data=[str(gaussian_file)], run=str(tmp_path / "run"), **options)))
    config = GenerateConfig([run], jets=600, output="made.h5", device="cpu")
    same_file(*(partial(generation.generate, replace(config, dask=d)) for d in (None, cluster)))


@pytest.mark.slow
@pytest.mark.sim
def test_simulates_the_same_file(cluster, same_file):
    pytest.importorskip("pythia8mc")
    config = SimulateConfig("gluon", "made.h5", jets=1100, mpi=False)
    same_file(*(partial(simulate, replace(config, dask=d)) for d in (None, cluster)))
