"""The command as a user runs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

pytestmark = pytest.mark.sim

PATIENCE = 600  # seconds, for a machine that others use too

JETGEN = [sys.executable, "-m", "jetgen", "simulate", "gluon", "--no-mpi"]


@pytest.fixture
def started():
    """Starts the command in a process group of its own, which ends with the test."""
    processes = []

    def start(*words):
        processes.append(
            subprocess.Popen(
                [*JETGEN, *map(str, words)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def workers_of(pid):
    """Process ids of the worker processes that a process started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and "spawn_main" in words:
            found.append(int(folder.name))
    return sorted(found)


@pytest.mark.slow
def test_a_small_run_says_what_it_wrote(started, tmp_path):
    process = started("--jets", 20, "--output", tmp_path / "jets.h5")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert out.count("\n") == 1
    assert "20 gluon jets" in out
    assert "FastJet" not in out + err
    assert [path.name for path in tmp_path.iterdir()] == ["jets.h5"]


def test_a_bad_pythia_setting_is_one_line(started, tmp_path):
    process = started("--pythia", "No:such = 1", "--output", tmp_path / "jets.h5")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert out == ""
    assert err.count("\n") == 1
    assert "No:such = 1" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_ctrl_c_leaves_a_valid_file_with_the_jets_so_far(started, tmp_path):
    path = tmp_path / "jets.h5"
    process = started("--jets", 1_000_000, "--workers", 2, "--output", path)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:  # until some chunks are finished
        if list(tmp_path.glob(".jets.h5.parts/1.npz")):
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "gluon jets" in out
    with h5py.File(path) as file:
        jets = int(file.attrs["jets"])
        assert 0 < jets < 1_000_000
        assert file.attrs["interrupted"] == 1
        assert {len(file[key]) for key in file} == {jets}
        assert np.all(file["jet_features"][:, 0] >= 800)
    assert {found.name for found in tmp_path.iterdir()} == {"jets.h5", ".jets.h5.parts"}
    assert "finished chunks are kept" in err


def test_a_worker_that_dies_is_one_error_and_no_file(started, tmp_path):
    process = started("--jets", 1_000_000, "--workers", 2, "--output", tmp_path / "jets.h5")
    deadline = time.monotonic() + PATIENCE
    while len(workers_of(process.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "died (exit code -9)" in err
    assert not list(tmp_path.iterdir())
