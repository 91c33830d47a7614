"""Tables with odd names, and more files than a process may hold open."""

import subprocess
import sys

import h5py
import numpy as np
import pyarrow
import pytest
import uproot
from pyarrow import parquet

import jetgen
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputWarning


def write(path, values):
    columns = {"a": values, "b": values}
    match path.suffix:
        case ".csv":
            table = np.stack([*columns.values()], 1)
            np.savetxt(path, table, delimiter=",", header="a,b", comments="")
        case ".npz":
            np.savez(path, **columns)
        case ".parquet":
            parquet.write_table(pyarrow.table(columns), path)
        case ".root":
            with uproot.recreate(path) as file:
                file["t"] = columns
        case ".h5":
            jetgen.write(jetgen.from_numpy(values.reshape(-1, 1, 1), features=["a"]), path)


@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet", "root", "h5"])
def test_more_files_than_may_be_open_are_read(suffix, tmp_path):
    values = np.arange(1.0, 4.0)
    for k in range(40):
        write(tmp_path / f"{k}.{suffix}", values + k)
    code = (
        "import os, resource, sys, jetgen, torch, uproot, pyarrow.parquet\n"
        f"jetgen.read({str(tmp_path / f'0.{suffix}')!r})\n"
        "limit = len(os.listdir('/proc/self/fd')) + 20\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))\n"
        f"print(len(jetgen.read({str(tmp_path)!r})))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "120\n", done.stderr


def test_a_text_that_begins_with_root_is_text(tmp_path):
    (tmp_path / "r.csv").write_text("rootx,b\n1,2\n3,4\n")
    assert inspect(tmp_path / "r.csv").format == "CSV table"


def test_a_number_in_brackets_is_no_unit(tmp_path):
    (tmp_path / "p.csv").write_text("p[0],p[1],e [GeV]\n1,2,3\n3,4,5\n")
    assert [str(f) for f in jetgen.read(tmp_path / "p.csv").features] == ["p[0]", "p[1]", "e [GeV]"]


def test_columns_that_differ_in_their_unit_alone_are_said(tmp_path):
    columns = {"a [GeV]": [1.0], "a [MeV]": [2.0], "b": [3.0]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "u.parquet")
    assert inspect(tmp_path / "u.parquet").unread == {"a [MeV]": "another column is named a"}


def test_large_integers_in_lists_are_warned_of_by_column(tmp_path):
    columns = {"time": [[2.0**40 + k for k in range(3)]], "x": [[1.0, 2.0, 3.0]]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "l.parquet")
    with pytest.warns(InputWarning, match="time: 3 different numbers become 1"):
        jetgen.read(tmp_path / "l.parquet")


def test_attributes_of_other_types_are_not_read(tmp_path):
    """Damaged ones crash the HDF5 library."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        held = file.create_dataset("x", data=np.arange(6.0).reshape(3, 2))
        held.attrs["names"] = ["a", "b"]
        lists = np.empty(2, object)
        lists[:] = np.arange(2), np.arange(3)
        held.attrs.create("columns", lists, dtype=h5py.vlen_dtype("i8"))
        held.attrs["units"] = held.ref
        file.attrs["note"], file.attrs["other"] = "text", held.ref
    assert [str(f) for f in jetgen.read(tmp_path / "a.h5").features] == ["x.a", "x.b"]
    assert inspect(tmp_path / "a.h5").attributes == {"note": "text"}
