"""Commands that are killed, or whose disk is full, go on with ``--resume`` to the same bytes."""

import io
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from jetgen.cli.main import main
from jetgen.compression import coding
from jetgen.config.train import TrainConfig
from jetgen.datasets.clustering import command as clustering
from jetgen.generation import command as generation
from jetgen.training.command import train

pytestmark = pytest.mark.slow

SCRIPT = """
import os, resource, signal, sys
from jetgen.cli.main import main
from jetgen.compression import coding
from jetgen.datasets.clustering import command as clustering
from jetgen.datasets.simulation import workers
from jetgen.files import chunks
from jetgen.generation import command as generation

left, limit, after, *words = sys.argv[1:]
left, whole_file, remove = int(left), chunks.whole_file, chunks.Chunks.remove

def counted(path, **options):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole_file(path, **options)

def killed(self):
    if self.finished and len(self):
        os.kill(os.getpid(), signal.SIGKILL)
    remove(self)

if __name__ == "__main__":
    chunks.whole_file = counted
    if after == "yes":
        chunks.Chunks.remove = killed
    generation.CHUNK = 256
    coding.ITEMS_PER_FRAME = 60 * 12
    clustering.CHUNK = 7
    if int(limit):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    sys.argv[1:] = words
    sys.exit(main(words))
"""
"""Runs a command that kills itself before it keeps chunk ``left``, or before it removes them."""


def started(words, *, left=1000, limit=0, after="no"):
    command = [sys.executable, "-c", SCRIPT, str(left), str(limit), after, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def same_command(monkeypatch, words):
    """Files name the command line of their process."""
    monkeypatch.setattr(sys, "argv", ["jetgen", *words])


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(generation, "CHUNK", 256)
    monkeypatch.setattr(coding, "ITEMS_PER_FRAME", 60 * 12)
    monkeypatch.setattr(clustering, "CHUNK", 7)


@pytest.fixture
def run(gaussian_file, tmp_path):
    options = {"epochs": 1, "prior_epochs": 1, "hidden": 8, "latent": 3, "particles": 12}
    return train(
        TrainConfig(data=[str(gaussian_file)], run=str(tmp_path / "run"), **options, device="cpu")
    )


@pytest.fixture
def events(lhco_file):
    """60 events of two particles back to back, as the LHC Olympics published them."""
    rows = np.zeros((60, 2101))
    for i, row in enumerate(rows):
        row[:6] = [1300 + 10 * i, 0.1, 0.5, 1250 + 10 * i, -0.1, 0.5 - np.pi]
    return lhco_file(rows)


@pytest.mark.sim
def test_a_killed_simulation_goes_on_with_other_workers(tmp_path, capsys):
    pytest.importorskip("pythia8mc")
    words = ["simulate", "gluon", "--no-mpi", "--jets", "1700", "--output"]
    whole, name = tmp_path / "whole.h5", tmp_path / "made.h5"
    assert main([*words, str(whole), "--workers", "2"]) == 0
    assert started([*words, name, "--workers", "2"], left=2).returncode == -9
    assert main([*words, str(name)]) == 2 and not name.exists()
    assert "found 2 finished chunks" in capsys.readouterr().err
    assert main([*words, str(name), "--resume", "--workers", "1"]) == 0
    with h5py.File(whole) as expected, h5py.File(name) as found:
        for key in expected:
            assert expected[key][:].tobytes() == found[key][:].tobytes(), key
    assert not list(tmp_path.glob(".*"))


@pytest.fixture(
    params=[
        pytest.param("generate", marks=pytest.mark.recorded),
        "compress",
        "decompress",
        "cluster",
    ]
)
def words(request):
    """A command without its output, which takes at least four chunks."""
    if request.param == "generate":
        run = request.getfixturevalue("run")
        return ["generate", run, "--jets", "1000", "--device", "cpu", "--output"]
    if request.param in ("compress", "decompress"):
        run = request.getfixturevalue("run")
        file = request.getfixturevalue("gaussian_file")
        options = ["--run", run, "--device", "cpu"]
        if request.param == "compress":
            return ["compress", file, *options]
        packed = request.getfixturevalue("tmp_path") / "packed.jgz"
        request.getfixturevalue("small_chunks")
        assert main([str(word) for word in ("compress", file, packed, *options)]) == 0
        return ["decompress", packed, *options]
    pytest.importorskip("fastjet")
    return ["cluster", request.getfixturevalue("events"), "--output"]


def content(path: Path) -> bytes:
    """The bytes of a file, with the rate of the generation set to zero."""
    content = io.BytesIO(path.read_bytes())
    if h5py.is_hdf5(path):
        with h5py.File(content, "r+") as file:
            if "jets_per_second" in file.attrs:
                file.attrs.modify("jets_per_second", 0.0)
    return content.getvalue()


def test_a_killed_command_goes_on_to_the_same_bytes(
    words, tmp_path, small_chunks, capsys, monkeypatch
):
    folder = tmp_path / "out"
    name = folder / "made"
    name = name.with_suffix(".jgz" if words[0] == "compress" else ".h5")
    words = [*map(str, words), str(name)]
    same_command(monkeypatch, words)
    assert main(words) == 0
    expected = content(name)
    assert list(folder.iterdir()) == [name]
    for left in (0, 2):
        name.unlink()
        assert started(words, left=left).returncode == -9
        assert not name.exists()
        if left:
            assert main(words) == 2
            error = capsys.readouterr().err
            assert f"found {left} finished chunks" in error and "--resume" in error
        assert main([*words, "--resume"]) == 0
        assert content(name) == expected
        assert list(folder.iterdir()) == [name]  # nothing hidden is left
    name.unlink()
    assert started(words, after="yes").returncode == -9  # the file is complete
    assert content(name) == expected
    assert main([*words, "--resume"]) == 0
    assert content(name) == expected and list(folder.iterdir()) == [name]
    assert started([*words[:-1], str(folder / name.name)], after="yes").returncode == 2  # exists
    assert list(folder.iterdir()) == [name]


def test_a_full_disk_loses_no_finished_chunk(words, tmp_path, small_chunks, monkeypatch):
    name = tmp_path / "out" / ("made.jgz" if words[0] == "compress" else "made.h5")
    words = [*map(str, words), str(name)]
    same_command(monkeypatch, words)
    assert main(words) == 0
    expected = content(name)
    name.unlink()
    done = started(words, limit=len(expected) - 1)
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr and "finished chunks are kept" in done.stderr
    assert not name.exists() and "Traceback" not in done.stderr
    assert main([*words, "--resume"]) == 0
    assert content(name) == expected


def test_other_options_are_refused_and_overwrite_begins_anew(run, tmp_path, small_chunks, capsys):
    name = tmp_path / "made.h5"
    words = ["generate", str(run), "--jets", "600", "--output", str(name), "--device", "cpu"]
    assert started(words, left=1).returncode == -9
    assert main([*words, "--seed", "2", "--resume"]) == 2
    assert "received --seed 2 instead of 1" in capsys.readouterr().err
    assert main([*words, "--seed", "2", "--overwrite"]) == 0
    found = content(name)
    assert not list(tmp_path.glob(".made*"))
    name.unlink()
    assert main([*words, "--seed", "2"]) == 0
    with h5py.File(name) as file, h5py.File(io.BytesIO(found)) as again:
        assert file["constituents"][:].tobytes() == again["constituents"][:].tobytes()


@pytest.mark.filterwarnings("default::jetgen.errors.InputWarning")
def test_a_damaged_chunk_is_named(run, tmp_path, small_chunks, capsys):
    name = tmp_path / "made.h5"
    words = ["generate", str(run), "--jets", "1000", "--output", str(name), "--device", "cpu"]
    assert started(words, left=3).returncode == -9
    chunk = tmp_path / ".made.h5.parts" / "1.npz"
    chunk.write_bytes(chunk.read_bytes()[:100])
    assert main([*words, "--resume"]) == 2
    error = capsys.readouterr().err
    assert "1.npz: expected a finished chunk" in error and "3 finished chunks are kept" in error
    chunk.unlink()
    assert main([*words, "--resume"]) == 0
