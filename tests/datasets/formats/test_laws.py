"""Every built-in format keeps the laws that formats of other packages are checked for."""

import csv
from dataclasses import replace

import awkward as ak
import h5py
import numpy as np
import pyarrow
import pytest
import uproot
from pyarrow import parquet

import jetgen
from jetgen.components import FORMATS
from jetgen.testing import check_format


@pytest.fixture
def make_file(
    tmp_path, truth, jetnet_file, hls4ml_file, energyflow_file, lhco_file, lhco_events,
    aspen_file, omnilearn_file, top_tagging_file, gaussian_file, make_muons,
):  # fmt: skip
    """A function that writes a file of the format of this name."""
    mask, values = truth
    ragged = {f"part_{n}": ak.unflatten(values[n][mask], mask.sum(1)) for n in ("px", "py", "pz")}
    padded = {f"part_{n}": values[n] for n in ("px", "py", "pz")}

    def root():
        with uproot.recreate(tmp_path / "tree.root") as file:
            file.mktree("jets", dict.fromkeys(ragged, "var * float64"))
            file["jets"].extend(ragged)
        return tmp_path / "tree.root"

    def arrow():
        lists = {name: ak.to_arrow(jets, extensionarray=False) for name, jets in ragged.items()}
        parquet.write_table(pyarrow.table(lists), tmp_path / "t.parquet", row_group_size=13)
        return tmp_path / "t.parquet"

    def text():
        with (tmp_path / "t.csv").open("w", newline="") as file:
            rows = np.round(values["pt"], 3).tolist()
            csv.writer(file).writerows([[f"c{k}" for k in range(len(rows[0]))], *rows])
        return tmp_path / "t.csv"

    def hdf5():
        with h5py.File(tmp_path / "a.h5", "w") as file:
            for name, array in padded.items():
                file[name] = array
        return tmp_path / "a.h5"

    def numpy():
        np.savez(tmp_path / "a.npz", **padded)
        return tmp_path / "a.npz"

    makers = {
        "jetgen HDF5": lambda: gaussian_file,
        "JetNet HDF5": jetnet_file,
        "LHC jet data set HDF5": hls4ml_file,
        "EnergyFlow npz": energyflow_file,
        "jetgen sets HDF5": lambda: jetgen.write(make_muons(30), tmp_path / "sets.h5"),
        "LHC Olympics HDF5": lambda: lhco_file(lhco_events),
        "Aspen Open Jets HDF5": aspen_file,
        "OmniLearn HDF5": omnilearn_file,
        "ROOT table": root,
        "Parquet table": arrow,
        "CSV table": text,
        "pandas HDF5": lambda: top_tagging_file()[0],
        "HDF5 arrays": hdf5,
        "NumPy arrays": numpy,
    }
    return lambda name: makers[name]()


@pytest.mark.parametrize("name", FORMATS.builtin)
def test_a_format_keeps_the_laws(make_file, name):
    check_format(FORMATS[name], make_file(name))


def test_a_format_that_takes_the_files_of_another_is_noticed(make_file):
    greedy = replace(FORMATS["JetNet HDF5"], name="greedy")
    with pytest.raises(AssertionError, match="also of the format JetNet HDF5"):
        check_format(greedy, make_file("JetNet HDF5"))
