"""No file, however damaged, makes a reader fail with anything but one line."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import jetgen
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError

SECONDS = 8.0
"""Time for the cases of one kind in the ordinary tests."""

KINDS = (
    "jetgen.h5", "jetnet.hdf5", "hls4ml.h5", "energyflow.npz", "sets.h5", "sets.root",
    "sets.parquet", "sets.csv", "arrays.h5", "arrays.npz", "array.npy", "lhco.h5",
)  # fmt: skip


@pytest.fixture
def sound_file(
    jetnet_file, hls4ml_file, energyflow_file, lhco_file, lhco_events, make_gaussian_jets, tmp_path
):
    """A small file of a kind."""

    def make(name: str) -> Path:
        path = tmp_path / name
        jets = make_gaussian_jets(20, 1, 6)
        arrays = {feature.name: jets.feature(feature.name).numpy() for feature in jets.features}
        match name:
            case "jetnet.hdf5":
                return jetnet_file(name, jets=6, slots=8)
            case "hls4ml.h5":
                return hls4ml_file(name, labels="gqt", slots=8)
            case "energyflow.npz":
                return energyflow_file(name, jets=6, slots=8)
            case "lhco.h5":
                return lhco_file(lhco_events, name)
            case "jetgen.h5":
                with JetgenWriter(path, attributes={"seed": 1}, slots=6) as writer:
                    writer.append(jets)
            case "arrays.h5":
                with h5py.File(path, "w") as file:
                    file.update(arrays)
            case "arrays.npz":
                np.savez_compressed(path, **arrays)
            case "array.npy":
                np.save(path, np.ones((20, 5, 3)))
            case _:
                slots = 1 if name.endswith("csv") else 6
                some = jets.compact(6) if slots == 6 else jetgen.read(_flat(tmp_path))
                with set_writer(path, some.features, slots=slots, attributes={}) as append:
                    append(some)
        return path

    return make


def _flat(folder: Path) -> Path:
    (folder / "flat.csv").write_text("px [GeV],py,pz\n1,2,3\n4,5,6\n")
    return folder / "flat.csv"


def try_cases(path: Path, cases: int, seconds: float, mutated: Callable[..., bytes]) -> int:
    data, start, done = path.read_bytes(), time.monotonic(), 0
    generator = torch.Generator().manual_seed(len(data))
    momenta = {f"p{x}": f"particles.{k}" for k, x in enumerate("xyz")}
    chosen = momenta if path.suffix == ".npy" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while done < cases and time.monotonic() - start < seconds:
            path.write_bytes(mutated(data, generator))
            began = time.monotonic()
            try:
                jetgen.read(path, map=chosen)
            except InputError as error:
                assert "\n" not in str(error)
            assert time.monotonic() - began < 30
            done += 1
    return done


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_end_in_one_line(sound_file, kind, mutated):
    assert try_cases(sound_file(kind), 300, SECONDS, mutated) >= 5


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_files_end_in_one_line(sound_file, kind, request, mutated):
    if request.config.getoption("-m") != "fuzz":
        pytest.skip("runs for an hour: pytest -m fuzz")
    assert try_cases(sound_file(kind), 5000, 3600, mutated) == 5000
