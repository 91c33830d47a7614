from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.components import FORMATS
from jetgen.datasets.detection import detect, find_files, open_source
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.physics.fourvectors import JET_KINEMATICS


@pytest.fixture
def one_of_each(
    jetnet_file, hls4ml_file, energyflow_file, lhco_file, lhco_events, tmp_path: Path
) -> dict[str, Path]:
    jets = ParticleCloud(torch.ones(4, 3, 3), torch.ones(4, 3, dtype=torch.bool), CARTESIAN)
    with JetgenWriter(tmp_path / "ours.h5", attributes={}, slots=5) as writer:
        writer.append(
            jets.with_conditions(dict(zip(JET_KINEMATICS, torch.ones(4, 4), strict=True)))
        )
    for suffix in ("h5", "root", "parquet", "csv"):
        path = tmp_path / f"set.{suffix}"
        with set_writer(path, CARTESIAN, slots=1, attributes={}) as append:
            append(ParticleCloud(torch.ones(4, 1, 3), torch.ones(4, 1) > 0, CARTESIAN))
    return {
        "jetgen sets HDF5": tmp_path / "set.h5",
        "ROOT tree": tmp_path / "set.root",
        "Parquet table": tmp_path / "set.parquet",
        "CSV table": tmp_path / "set.csv",
        "jetgen HDF5": tmp_path / "ours.h5",
        "JetNet HDF5": jetnet_file(),
        "LHC jet data set HDF5": hls4ml_file(),
        "EnergyFlow npz": energyflow_file(),
        "LHC Olympics HDF5": lhco_file(lhco_events),
    }


def test_each_file_is_of_exactly_one_format_whatever_its_name(one_of_each) -> None:
    assert set(one_of_each) == set(FORMATS)
    for name, path in one_of_each.items():
        anonymous = path.rename(path.with_name("file"))
        assert [form.name for form in FORMATS.values() if form.matches(anonymous)] == [name]
        assert detect(anonymous).name == name
        anonymous.rename(path)


def one_line(path: Path) -> str:
    with pytest.raises(InputError) as told:
        open_source(path)
    message = str(told.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


def test_a_foreign_hdf5_file_is_told_what_it_holds(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["jets"] = np.zeros((3, 2))
    message = one_line(tmp_path / "f.h5")
    assert "received jets (3, 2)" in message
    assert all(name in message for name in FORMATS)


def test_the_groups_of_a_foreign_file_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["events/table"] = np.zeros(3)
    assert "received events ()" in one_line(tmp_path / "f.h5")


def test_datasets_of_different_length_are_not_taken(one_of_each) -> None:
    path = one_of_each["jetgen HDF5"]
    with h5py.File(path, "a") as file:
        file["jet_phi"].resize(3, axis=0)
    assert "jet_phi (3,)" in one_line(path)


def test_other_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("px,py,pz\none,two,three\n")
    assert "a file without known arrays, tree or table" in one_line(tmp_path / "a.txt")
    np.savez(tmp_path / "b.npz", X=np.zeros((3, 5, 3)), y=np.zeros(3))
    assert "received X (3, 5, 3), y (3,)" in one_line(tmp_path / "b.npz")


def test_wrong_shapes_are_not_taken(jetnet_file) -> None:
    path = jetnet_file()
    with h5py.File(path, "a") as file:
        del file["jet_features"]
        file["jet_features"] = np.zeros((19, 4))
    assert "particle_features (20, 30, 4)" in one_line(path)


def test_files_cut_short_at_any_point_are_told_so(one_of_each) -> None:
    del one_of_each["CSV table"]  # a text does not say where it ends
    for path in one_of_each.values():
        data = path.read_bytes()
        for part in (0.999, 0.5, 0.1):
            path.write_bytes(data[: int(part * len(data))])
            assert "cut short or damaged" in one_line(path)
        path.write_bytes(b"")
        assert "received an empty file" in one_line(path)


def test_a_file_without_jets(jetnet_file) -> None:
    assert "at least one jet" in one_line(jetnet_file(jets=0))


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    for path in (tmp_path / "no.h5", tmp_path / "*.h5", tmp_path):
        with pytest.raises(InputError, match="expected a"):
            find_files(path)
    with pytest.raises(InputError, match="received none"):
        find_files([])
