"""Faults in files are never accepted silently: one test for each kind."""

import os
import shutil
import subprocess
import sys
import warnings

import h5py
import numpy as np
import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import Feature
from jetgen.datasets.copies import Copies
from jetgen.datasets.detection import find_files, hashes
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.inspection.command import inspect
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError, InputWarning
from jetgen.runs.data import load_jets


def test_the_order_of_an_array_is_honoured(energyflow_file, tmp_path):
    path = energyflow_file()
    with np.load(path) as arrays:
        x, y = arrays["X"], arrays["y"]
    np.savez(tmp_path / "f.npz", X=np.asfortranarray(x), y=y)
    assert torch.equal(jetgen.read(tmp_path / "f.npz").particles, jetgen.read(path).particles)
    np.savez(
        tmp_path / "p.npz",
        **{n: np.asfortranarray(x[..., k]) for k, n in enumerate(("pt", "y", "phi"))},
    )
    np.testing.assert_allclose(
        jetgen.read(tmp_path / "p.npz").feature("px"), jetgen.read(path).feature("px"), rtol=1e-5
    )


@pytest.mark.parametrize("label", [-1.0, 2.0, np.nan, 21.0, 0.5])
def test_labels_of_no_class_are_refused(
    energyflow_file, hls4ml_file, make_gaussian_jets, tmp_path, label
):
    path = energyflow_file()
    with np.load(path) as arrays:
        x, y = arrays["X"], arrays["y"]
    y[3:5] = label
    np.savez(path, X=x, y=y)
    with pytest.raises(InputError, match=r"y: expected labels .*in jet 3 and 2 jets in total"):
        jetgen.read(path)
    path = hls4ml_file()
    with h5py.File(path, "a") as file:
        file["jets"][1, 5] = label
    with pytest.raises(InputError, match=r"jets: expected labels .*in jet 1 and 1 jets"):
        jetgen.read(path)
    if label != label or label in (-1.0, 2.0):
        return  # no number of a class of jets, or one
    with JetgenWriter(tmp_path / "j.h5", attributes={}, slots=12) as writer:
        writer.append(make_gaussian_jets(30, 1))
    with h5py.File(tmp_path / "j.h5", "a") as file:
        del file["jet_type"]
        file["jet_type"] = np.full(30, label + 20)
    with pytest.raises(InputError, match="jet_type: expected labels of known classes"):
        jetgen.read(tmp_path / "j.h5")


def test_an_unknown_azimuth_stays_unknown(jetnet_file, tmp_path):
    path = jetnet_file(jets=60)
    jets = jetgen.physics.to_relative(jetgen.read(path))
    assert not jets.has_condition("phi")
    assert "phi" not in jetgen.physics.measure(jets).observables
    run, small = tmp_path / "run", ["--epochs", "1", "--batch", "16", "--hidden", "8"]
    arguments = ["--data", str(path), "--run", str(run), *small, "--prior", "gaussian"]
    assert main(["train", *arguments]) == 0
    assert main(["generate", str(run), "--jets", "40"]) == 0
    assert jetgen.read(run / "generated.h5").has_condition("phi")
    assert not load_jets(jetgen.load(run).config).has_condition("phi")


@pytest.mark.parametrize("ending", ["h5", "hdf5", "root", "parquet"])
def test_writing_keeps_what_is_unknown_and_what_is_more(jetnet_file, tmp_path, ending):
    jets = jetgen.read(jetnet_file())
    back = jetgen.read(jetgen.write(jets, tmp_path / f"jets.{ending}"))
    assert back.features == jets.features
    assert back.condition_features == jets.condition_features and not back.has_condition("phi")
    torch.testing.assert_close(back.conditions, jets.conditions)
    torch.testing.assert_close(back.particles[back.mask], jets.particles[jets.mask])
    bare = jets.replace(conditions=jets.conditions[:, :0], condition_features=())
    back = jetgen.read(jetgen.write(bare, tmp_path / f"bare.{ending}"))
    assert not any(map(back.has_condition, ("pt", "eta", "phi", "mass")))
    marked = jets.with_conditions({Feature("tau21"): torch.arange(20.0)})
    back = jetgen.read(jetgen.write(marked, tmp_path / f"marked.{ending}"))
    assert torch.equal(back.condition("tau21"), torch.arange(20.0))
    assert not back.has_condition("phi")


def spoiled(path, spoil):
    with h5py.File(path, "a") as file:
        particles, jets = file["particle_features"][:], file["jet_features"][:]
        spoil(particles, jets)
        file["particle_features"][:], file["jet_features"][:] = particles, jets


def set_to(array, index, value):
    array[index] = value


REFUSED = {
    "mask": lambda p, j: set_to(p, (4, 0, 3), 0.5),
    "negative-pt": lambda p, j: set_to(p, (4, 0, 2), -0.05),
}
WARNED = {
    "holes": lambda p, j: set_to(p, (4, 0), 0) or set_to(p, (4, 1), [0, 0, 1, 1]),
    "num-particles": lambda p, j: set_to(j, (4, 3), 77),
    "jet-mass": lambda p, j: set_to(j, (4, 2), -3),
    "jet-pt": lambda p, j: set_to(j, (4, 0), -3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_reading_refuses_what_inspect_calls_odd(jetnet_file, name):
    path = jetnet_file()
    spoiled(path, REFUSED[name])
    with pytest.raises(InputError, match=rf"in 1 jets, first in jet 4; .*allow=\['{name}'\]"):
        jetgen.read(path)
    assert len(jetgen.read(path, jets=4, first=True)) == 4
    assert len(jetgen.read(path, allow=[name])) == 20
    assert inspect(path).faults


@pytest.mark.parametrize("name", WARNED)
def test_reading_warns_once_of_what_inspect_calls_odd(jetnet_file, name):
    path = jetnet_file()
    spoiled(path, WARNED[name])
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        list(jetgen.datasets.iter_chunks(path, 3))
    shown = [str(w.message) for w in shown if f"allow=['{name}']" in str(w.message)]
    assert len(shown) == 1 and "in 1 jets, first in jet 4" in shown[0]
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        jetgen.read(path, allow=[name])
    assert not [w for w in shown if f"['{name}']" in str(w.message)]


def test_only_known_faults_are_allowed(jetnet_file):
    with pytest.raises(InputError, match="allow: expected names among mask, negative-pt"):
        jetgen.read(jetnet_file(), allow=["everything"])


def test_columns_that_cannot_be_read_are_listed(tmp_path, capsys):
    import pyarrow
    from pyarrow import parquet

    columns = {
        "px": [[1.0], [2.0]],
        "name": ["a", "b"],
        "nested": [[[1.0]], [[2.0]]],
        "fixed": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array([1.0, 2.0]), 1),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    found = inspect(tmp_path / "t.parquet")
    assert found.unread == {"name": "text", "nested": "lists of lists"}
    assert set(found.particles) == {"px", "fixed"}
    assert main(["inspect", str(tmp_path / "t.parquet")]) == 0
    assert "not read: nested, lists of lists" in capsys.readouterr().out
    (tmp_path / "twice.csv").write_text(",a,a,b\n0,1,2,3\n1,4,5,6\n")
    table = jetgen.read(tmp_path / "twice.csv")
    assert [f.name for f in table.features] == ["a", "a.1", "b"]
    assert inspect(tmp_path / "twice.csv").unread == {"the first column": "an index without a name"}


def test_the_index_of_pandas_is_no_feature(tmp_path):
    import json

    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"a": [1.0, 2.0], "__index_level_0__": [7, 8]})
    shown = json.dumps({"index_columns": ["__index_level_0__"]})
    parquet.write_table(table.replace_schema_metadata({"pandas": shown}), tmp_path / "p.parquet")
    assert [f.name for f in jetgen.read(tmp_path / "p.parquet").features] == ["a"]
    assert "__index_level_0__" in inspect(tmp_path / "p.parquet").unread


def test_each_file_is_read_once(jetnet_file, tmp_path):
    path = jetnet_file("g.hdf5")
    with pytest.warns(InputWarning, match="1 of 2 files are named twice"):
        assert (
            len(
                jetgen.read(
                    [path, tmp_path / "x" / ".." / "g.hdf5"]
                    if (tmp_path / "x").mkdir() is None
                    else []
                )
            )
            == 20
        )
    shutil.copy(path, tmp_path / "q.hdf5")
    with pytest.warns(InputWarning, match="a copy of .*g.hdf5, read once"):
        assert len(find_files(tmp_path)) == 1
    (tmp_path / "q.hdf5").unlink()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    shutil.copy(jetnet_file("T.HDF5", seed=3), tmp_path / ".ipynb_checkpoints" / "t.hdf5")
    with pytest.warns(InputWarning, match="1 hidden files are ignored"):
        assert [file.name for file in find_files(tmp_path)] == ["T.HDF5", "g.hdf5"]


def test_jets_that_come_twice_are_counted(jetnet_file, tmp_path):
    jets = jetgen.read(jetnet_file(jets=50))
    twice = jetgen.ParticleCloud.concatenate([jets, jets[5:9]])
    for cloud, number in ((twice, 4), (jets, 0)):
        copies = Copies()
        copies.add(cloud)
        assert copies.number == number
    path = jetnet_file(jets=50)
    with h5py.File(path, "a") as file:
        for name in ("particle_features", "jet_features"):
            file[name][30:34] = file[name][:4]
    small = {"epochs": 1, "batch": 16, "hidden": 8, "prior": "gaussian"}
    config = jetgen.TrainConfig(data=[str(path)], run=str(tmp_path / "run"), **small)
    with pytest.warns(InputWarning, match="4 of 50 sets are copies of others"):
        jetgen.train(config)
    known = []
    inspect(jetnet_file("a.hdf5"), known=known)
    shutil.copy(tmp_path / "a.hdf5", tmp_path / "b.hdf5")
    found = inspect(tmp_path / "b.hdf5", known=known)
    assert found.faults["the same particles as an earlier jet"].jets == 20


def test_numbers_beyond_single_precision_are_told_by_column(tmp_path):
    rows = "\n".join(f"{2**53 + 2 * k},{1.7e9 + k},{k}" for k in range(5))
    (tmp_path / "t.csv").write_text(f"event,time,k\n{rows}\n")
    with (
        pytest.warns(InputWarning, match="event: 5 different numbers become 1 in single"),
        pytest.warns(InputWarning, match="time: 5 different numbers become 1 in single"),
    ):
        jetgen.read(tmp_path / "t.csv")
    assert jetgen.read(tmp_path / "t.csv", columns=["k"]).particles[:, 0, 0].tolist() == [*range(5)]


KINDS = ("f2", "<f4", ">f4", "f8", ">f8", "i4")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["jetnet", "hls4ml", "jetgen", "sets", "lhco", "table", "numpy"])
def test_numbers_of_every_type_are_read_in_every_format(
    form, kind, jetnet_file, hls4ml_file, lhco_file, lhco_events, make_gaussian_jets, tmp_path
):
    if form == "lhco":
        path = lhco_file(lhco_events)
        datasets = ["df/block0_values"]
    elif form == "jetnet":
        path, datasets = jetnet_file(), ["particle_features", "jet_features"]
    elif form == "hls4ml":
        path, datasets = hls4ml_file(), ["jetConstituentList", "jets"]
    else:
        jets = make_gaussian_jets(30, 1)
        path = tmp_path / f"{form}.h5"
        if form == "jetgen":
            with JetgenWriter(path, attributes={}, slots=12) as writer:
                writer.append(jets)
            datasets = ["particle_features", "jet_features", "constituents", "jet_weight"]
        elif form == "sets":
            with set_writer(path, jets.features, slots=12, attributes={}) as append:
                append(jets)
            datasets = ["items", "weights", "mask"]
        else:
            arrays = {f.name: jets.feature(f.name).numpy() for f in jets.features}
            with h5py.File(path, "w") as file:
                file.update(arrays)
            datasets = list(arrays)
    with h5py.File(path, "a") as file:
        for name in datasets:
            values = np.clip(file[name][()].astype("f8"), -6e4, 6e4).astype(kind)
            attributes = dict(file[name].attrs)
            del file[name]
            file[name] = values
            file[name].attrs.update(attributes)
        if form == "numpy":
            np.savez(tmp_path / "n.npz", **{name: file[name][()] for name in datasets})
    path = tmp_path / "n.npz" if form == "numpy" else path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)  # whole numbers of etarel are odd jets
        cloud = jetgen.read(path)
    assert cloud.particles.dtype == cloud.conditions.dtype == cloud.weights.dtype == torch.float32
    assert cloud.mask.dtype == torch.bool


@pytest.mark.parametrize("command", ["folder", "pattern"])
def test_folders_and_patterns_wherever_files_are_named(gaussian_file, tmp_path, command):
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(gaussian_file, folder / "a.h5")
    given = str(folder) if command == "folder" else str(folder / "*.h5")
    small = ["--epochs", "1", "--batch", "64", "--hidden", "8", "--prior", "gaussian"]
    run = tmp_path / "run"
    assert main(["train", "--data", given, "--run", str(run), *small]) == 0
    assert main(["inspect", given]) == 0
    assert set(hashes(given)) == {str(folder / "a.h5")}
    if command == "folder":
        return
    output = str(tmp_path / "out.json")
    real = ["--real", given, "--jets", "60"]
    assert main(["evaluate", str(gaussian_file), *real, "--output", output]) == 0


def test_the_home_folder_and_the_standard_input(jetnet_file, monkeypatch, tmp_path):
    jetnet_file("g.hdf5")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(jetgen.read("~/g.hdf5")) == 20
    with pytest.raises(InputError, match="received the standard input; name a file"):
        jetgen.read("-")


def test_a_locked_file_is_not_called_damaged(jetnet_file):
    path = jetnet_file()
    script = "import h5py, sys; f = h5py.File(sys.argv[1], 'a'); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(InputError, match="another program has open for writing"):
            jetgen.read(path)
        writer.communicate(b"\n")
    assert len(jetgen.read(path)) == 20


def test_odd_values_stop_only_where_they_are_asked_for(tmp_path):
    import uproot

    with uproot.recreate(tmp_path / "t.root") as file:
        file.mktree("t", {**{f"part_p{x}": "var * float32" for x in "xyz"}, "jet_odd": "float32"})
        ones = [[1.0, 2.0], [3.0]]
        file["t"].extend(
            {**{f"part_p{x}": ones for x in "xyz"}, "jet_odd": np.float32([np.nan, 1])}
        )
    assert len(jetgen.read(tmp_path / "t.root")) == 2
    with pytest.raises(InputError, match="columns: jet_odd"):
        jetgen.read(tmp_path / "t.root", conditions=["jet_odd"])


@pytest.mark.parametrize(
    "text",
    ["a;b\n1;2\n3;4\n", "a\tb\n1\t2\n3\t4\n", "a b\n1 2\n3 4\n", "# made by me\n# a b\n1 2\n3 4\n",
     "# note\na,b\n1,2\n# between\n3,4\n", ",a,b\n0,1,2\n1,3,4\n", '"a","b"\n1,2\n3,4\n'],
)  # fmt: skip
def test_dialects_of_text_tables(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    table = jetgen.read(tmp_path / "t.csv")
    assert [f.name for f in table.features] == ["a", "b"]
    assert table.particles[:, 0].tolist() == [[1, 2], [3, 4]]


def test_references_to_other_files_are_refused(jetnet_file, tmp_path):
    secret = jetnet_file("secret.h5")
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["particle_features"] = h5py.ExternalLink(str(secret), "particle_features")
        file["jet_features"] = np.zeros((20, 4))
    layout = h5py.VirtualLayout((20, 30, 4), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "particle_features", (20, 30, 4))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("particle_features", layout)
        file["jet_features"] = np.zeros((20, 4))
    (tmp_path / "raw").write_bytes(bytes(20 * 30 * 4 * 4))
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset(
            "particle_features", (20, 30, 4), "f4", external=[(str(tmp_path / "raw"), 0, 9600)]
        )
        file["jet_features"] = np.zeros((20, 4))
    for name in ("link", "virtual", "external"):
        with pytest.raises(InputError, match="which refers to another file"):
            jetgen.read(tmp_path / f"{name}.h5")


def test_a_small_file_cannot_ask_for_much_memory(tmp_path):
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.create_dataset("particle_features", (10**6, 10**5, 4), "f4", chunks=(1, 100, 4))
        file.create_dataset("jet_features", (10**6, 4), "f4", chunks=(100, 4))
    with pytest.raises(InputError, match="the file is incomplete"):
        jetgen.read(tmp_path / "huge.h5")
    header = np.lib.format.header_data_from_array_1_0(np.zeros((1, 1, 4)))
    with (tmp_path / "huge.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (10**9, 10**5, 4)})
    with pytest.raises(InputError, match="cut short or damaged"):
        jetgen.read(tmp_path / "huge.npy")


def test_numbers_are_those_that_the_attributes_of_netcdf_mean(tmp_path):
    path, stored = tmp_path / "n.nc", np.arange(12, dtype="i2").reshape(4, 3)
    with h5py.File(path, "w") as file:
        for name in ("px", "py", "pz"):
            file[name] = stored
        file["px"].attrs["scale_factor"] = np.array([0.5])  # as its libraries write numbers
        file["px"].attrs["add_offset"] = 100.0
        file["py"].attrs["_FillValue"] = np.array([-9], "i2")
        file["pz"].attrs["missing_value"] = 2.5  # no number of the column
        file["tag"], file["other"] = np.arange(4.0), np.arange(4)
        file["tag"].attrs["missing_value"] = file["other"].attrs["_FillValue"] = 2
    for name in ("tag", "other"):
        with pytest.raises(InputError, match=f"first in jet 2; columns: {name};"):
            jetgen.read(path, columns=[name])
    jets = jetgen.read(path)
    assert torch.equal(jets.feature("px"), torch.from_numpy(stored * 0.5 + 100).float())
    for name in ("py", "pz"):
        assert torch.equal(jets.feature(name), torch.from_numpy(stored).float())
    with h5py.File(path, "r+") as file:
        file["py"][1, 2] = -9
    with pytest.raises(InputError, match="received NaN or infinity in 1 particles, first in jet 1"):
        jetgen.read(path)


def test_what_is_no_file_in_a_folder_is_skipped_and_a_link_to_nothing_refused(
    jetnet_file, tmp_path
):
    folder = tmp_path / "jets"
    (folder / "old.h5").mkdir(parents=True)
    (folder / "set.parquet").mkdir()
    os.mkfifo(folder / "pipe.h5")
    os.mkfifo(folder / "pipe.npz")
    jetnet_file(jets=6).replace(folder / "g.hdf5")
    assert len(jetgen.read(folder, jet_type="g")) == 6
    (folder / "gone.hdf5").symlink_to("nowhere")
    for given in (folder, folder / "*.hdf5"):
        with pytest.raises(InputError, match="found a link to nowhere, which is not there"):
            jetgen.read(given, jet_type="g")
