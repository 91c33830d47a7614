"""Chunks on a Dask cluster: in order, the same whichever worker dies, and from every command."""

import gc
import os
import signal
import threading
import time
from dataclasses import replace
from functools import partial

import h5py
import numpy as np
import psutil
import pytest
import torch

from jetgen.config.cluster import ClusterConfig
from jetgen.config.generate import GenerateConfig
from jetgen.config.simulate import SimulateConfig
from jetgen.config.train import TrainConfig
from jetgen.datasets.clustering import command as clustering
from jetgen.datasets.dask_cluster import by_dask
from jetgen.datasets.simulation.command import simulate
from jetgen.errors import InputError
from jetgen.evaluation.checks import check
from jetgen.evaluation.completing import complete_jets
from jetgen.generation import command as generation
from jetgen.physics import observables
from jetgen.runs.folder import RunFolder
from jetgen.studies.definition import Step, Study
from jetgen.studies.running import run_steps
from jetgen.training.command import train

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    """The address of a scheduler with two worker processes."""
    options = {
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": "CRITICAL",
    }
    with distributed.LocalCluster(n_workers=2, **options) as cluster:
        yield cluster.scheduler_address


def kill_a_worker():
    processes = psutil.Process().children(recursive=True)
    worker = next(p for p in processes if any("spawn_main" in word for word in p.cmdline()))
    worker.send_signal(signal.SIGKILL)


def planted(folder, number):
    """Numbers of a piece; the first worker with piece 2 is killed, piece 9 is an error."""
    mark = folder / "killed"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 9:
        raise InputError("planted: expected a chunk, received 9")
    return np.random.default_rng(number).normal(size=3)


@pytest.mark.slow
@pytest.mark.recorded
def test_chunks_of_a_killed_worker_are_made_again_and_errors_arrive(tmp_path, cluster):
    found = []
    with pytest.raises(InputError, match="planted: expected a chunk, received 9"):
        for chunk in by_dask(partial(planted, tmp_path), range(12), cluster, lambda: False):
            found.append(chunk)
    assert (tmp_path / "killed").exists()
    here = [planted(tmp_path, number) for number in range(9)]
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
    left = [o for o in gc.get_objects() if type(o) is distributed.Client]
    assert not [client for client in left if client.status != "running"]


@pytest.mark.parametrize("number", ["0", "-1", "some", "100000"])
def test_a_wrong_number_of_local_workers_gives_one_line(number):
    with pytest.raises(InputError, match="dask: expected local:1 to local:1024, received"):
        list(by_dask(planted, range(1), f"local:{number}"))


@pytest.mark.parametrize("content", [b"", b"\x89HDF", b"{}", b"[1]", b'{"address": 3}'])
def test_a_file_of_another_kind_is_no_scheduler(content, tmp_path, monkeypatch):
    monkeypatch.setattr("jetgen.datasets.dask_cluster.CONNECTING", 0.2)
    (tmp_path / "scheduler").write_bytes(content)
    with pytest.raises(InputError, match="dask: expected the address of a running scheduler"):
        list(by_dask(planted, range(1), str(tmp_path / "scheduler")))


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
@pytest.mark.recorded
def test_generates_the_same_file(gaussian_file, tmp_path, cluster, same_file, monkeypatch):
    monkeypatch.setattr(generation, "CHUNK", 256)
    options = {"epochs": 1, "prior_epochs": 1, "hidden": 8, "latent": 3, "particles": 12}
    run = str(
        train(
            TrainConfig(
                data=[str(gaussian_file)], run=str(tmp_path / "run"), device="cpu", **options
            )
        )
    )
    config = GenerateConfig([run], jets=600, output="made.h5", device="cpu")
    same_file(*(partial(generation.generate, replace(config, dask=d)) for d in (None, cluster)))


@pytest.mark.slow
def test_measures_the_same_substructure(cluster, make_gaussian_jets, monkeypatch):
    monkeypatch.setattr(observables, "_CHUNK", 13)
    checked = check(make_gaussian_jets(60, seed=3), {"generated": make_gaussian_jets(30, seed=4)})
    here, there = complete_jets(checked), complete_jets(checked, cluster)
    made = here.samples["generated"], there.samples["generated"]
    for one, other in ((here.real, there.real), made):
        assert one.observables.keys() == other.observables.keys()
        torch.testing.assert_close(other.observables, one.observables)
        torch.testing.assert_close(other.polynomials, one.polynomials)


@pytest.mark.slow
def test_a_step_of_a_study_goes_on_in_another_worker(cluster, tmp_path, gaussian_file):
    run = tmp_path / "out/run"
    words = f"train --data {gaussian_file} --run {run} --epochs 40 --device cpu"
    step = Step((*words.split(), "--prior-epochs", "1", "--hidden", "8"), run)
    study = Study("t", "T", "Q", "S", {}, tmp_path, tmp_path / "out", (step,))

    def kill_the_worker():
        while not (run / "checkpoints/last.safetensors").exists():
            time.sleep(0.1)
        training = next(p for p in psutil.process_iter() if str(run) in " ".join(p.cmdline()))
        training.parent().send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_the_worker)
    killer.start()
    run_steps(study, workers=1, dask=cluster)
    killer.join()
    RunFolder(run).load_model()
    assert "--resume" in (tmp_path / "out/logs/01.txt").read_text().splitlines()[0]


@pytest.mark.slow
@pytest.mark.sim
def test_simulates_the_same_file(cluster, same_file):
    pytest.importorskip("pythia8mc")
    config = SimulateConfig("gluon", "made.h5", jets=1100, mpi=False)
    same_file(*(partial(simulate, replace(config, dask=d)) for d in (None, cluster)))
