from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.components import FORMATS
from jetgen.datasets import read
from jetgen.datasets.detection import detect, find_files
from jetgen.datasets.formats import hdf5
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
    np.save(tmp_path / "array.npy", np.ones((400, 3, 3)))
    for name in ("one", "two"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            kinds = ("px", "py", "pz") if name == "one" else ()
            file.update({kind: np.ones((4, 3)) for kind in kinds})
            if name == "two":
                file.create_group("df").attrs["pandas_type"] = np.bytes_("frame")
                file["df/block0_values"] = np.ones((4, 3))
                file["df/block0_items"] = np.array(["a", "b", "c"], dtype="S1")
    with h5py.File(tmp_path / "aspen.h5", "w") as file:
        file["PFCands"], file["jet_kinematics"] = np.ones((4, 3, 11)), np.ones((4, 4))
    with h5py.File(tmp_path / "omni.h5", "w") as file:
        file["data"], file["jet"], file["pid"] = np.ones((4, 3, 7)), np.ones((4, 4)), np.ones(4)
    for suffix in ("h5", "root", "parquet", "csv"):
        path = tmp_path / f"set.{suffix}"
        with set_writer(path, CARTESIAN, slots=1, attributes={}) as append:
            append(ParticleCloud(torch.ones(4, 1, 3), torch.ones(4, 1) > 0, CARTESIAN))
    return {
        "jetgen sets HDF5": tmp_path / "set.h5",
        "ROOT table": tmp_path / "set.root",
        "Parquet table": tmp_path / "set.parquet",
        "CSV table": tmp_path / "set.csv",
        "jetgen HDF5": tmp_path / "ours.h5",
        "JetNet HDF5": jetnet_file(),
        "LHC jet data set HDF5": hls4ml_file(),
        "EnergyFlow npz": energyflow_file(),
        "NumPy arrays": tmp_path / "array.npy",
        "HDF5 arrays": tmp_path / "one.h5",
        "pandas HDF5": tmp_path / "two.h5",
        "Aspen Open Jets HDF5": tmp_path / "aspen.h5",
        "OmniLearn HDF5": tmp_path / "omni.h5",
        "LHC Olympics HDF5": lhco_file(lhco_events),
    }


def test_each_file_is_of_exactly_one_format_whatever_its_name(one_of_each) -> None:
    assert set(one_of_each) == set(FORMATS)
    for name, path in one_of_each.items():
        anonymous = path.rename(path.with_name("file"))
        special = [f.name for f in FORMATS.values() if f.matches(anonymous) and not f.general]
        assert special == ([] if FORMATS[name].general else [name])
        assert detect(anonymous).name == name
        anonymous.rename(path)


def one_line(path: Path) -> str:
    """What reading a file says is wrong with it."""
    try:
        read(path)
    except InputError as error:
        message = str(error)
    else:
        pytest.fail(f"{path} was read")
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


def test_a_foreign_hdf5_file_is_told_what_it_holds(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["jets"] = np.zeros((3, 2))
    assert "received jets.0, jets.1" in one_line(tmp_path / "f.h5")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["events/jets"] = np.zeros((3, 4, 5))
    assert "map={'pt': 'events/jets.0', 'eta': 'events/jets.1'" in one_line(tmp_path / "f.h5")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_group("empty")
    assert "an HDF5 file without any" in one_line(tmp_path / "f.h5")


def test_datasets_of_different_length_are_not_taken(one_of_each) -> None:
    path = one_of_each["jetgen HDF5"]
    with h5py.File(path, "a") as file:
        file["jet_phi"].resize(3, axis=0)
    assert "jet_phi (3,)" in one_line(path)


def test_other_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("px,py,pz\none,two,three\n")
    assert "received a text that begins with 'px,py,pz'" in one_line(tmp_path / "a.txt")
    for name, content, shown in (
        ("a.gz", b"\x1f\x8b\x08", "a gzip archive; unpack it"),
        ("a.pkl", b"\x80\x04\x95", "a pickle; save the arrays"),
        ("a.html", b"<html>Not found</html>", "failed download"),
        ("a.bin", b"abc\0\1", "one of unknown kind; jets are read from HDF5"),
        ("a.csv", b"1,2\n3,4\n", "add names such as px,py,pz above the numbers"),
    ):
        (tmp_path / name).write_bytes(content)
        assert shown in one_line(tmp_path / name)
    np.savez(tmp_path / "b.npz", X=np.zeros((3, 5, 3)), y=np.zeros(3))
    assert "map={'pt': 'X.0', 'eta': 'X.1', 'phi': 'X.2'}" in one_line(tmp_path / "b.npz")


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


def test_the_folder_of_a_run_is_not_data(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("config.yaml", "metrics.csv"):
        (tmp_path / name).write_text("epoch,loss\n1,2\n")
    with pytest.raises(InputError, match=r"the folder of a run; name the file .*generated\.h5"):
        find_files(tmp_path)


@pytest.mark.parametrize("name", ["jets.csv", "jets.npz", "jets.npy", "jets.jgz", "jets.txt"])
def test_hdf5_files_have_no_names_of_other_formats(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected an HDF5 file .* such as jets\.h5"):
        JetgenWriter(tmp_path / name, attributes={}, slots=2)
    assert list(tmp_path.iterdir()) == []


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    for path in (tmp_path / "no.h5", tmp_path / "*.h5", tmp_path):
        with pytest.raises(InputError, match=r"expected a (file|folder)"):
            find_files(path)
    with pytest.raises(InputError, match=r"^expected at least one file, folder or pattern"):
        find_files([])


def test_an_hdf5_file_is_checked_once_for_all_formats(tmp_path, monkeypatch):
    path, checks = tmp_path / "arrays.h5", []
    with h5py.File(path, "w") as file:
        file.update({name: np.ones((4, 3)) for name in ("px", "py", "pz")})
    check = hdf5._require_own
    monkeypatch.setattr(hdf5, "_require_own", lambda *given: (checks.append(1), check(*given)))
    for times in (1, 2):  # the file may have changed in between
        assert detect(path).name == "HDF5 arrays"
        assert len(checks) == times
