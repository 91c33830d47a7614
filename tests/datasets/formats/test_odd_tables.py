"""Tables with odd names, and more files than a process may hold open."""

import subprocess
import sys
import zlib

import h5py
import numpy as np
import pyarrow
import pytest
import uproot
from pyarrow import parquet

import jetgen
from jetgen.datasets.formats import hdf5
from jetgen.datasets.formats.hdf5 import open_hdf5
from jetgen.datasets.formats.hdf5_heaps import HEAP, require_sound_heaps, too_long
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputError, InputWarning


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


@pytest.mark.parametrize(
    ("place", "size"),
    [(8, 2**40), (16 + 8, 153), (16 + 8, 2**63), (-1, 0), (-1, 2**40)],
    ids=["heap-beyond-file", "text-to-nothing", "text-beyond-heap", "no-space", "much-space"],
)
def test_damaged_places_of_texts_are_refused(place, size, tmp_path):
    """The HDF5 library searches them for ever, or takes all memory."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        held = file.create_dataset("x", data=np.arange(6.0).reshape(3, 2))
        held.attrs["columns"], held.attrs["units"] = ["first", "second"], ["GeV", ""]
        lists = file.create_dataset("lists", (40,), h5py.vlen_dtype("f8"))
        for k in range(40):
            lists[k] = np.arange(30.0 * k)
    require_sound_heaps(path, [(0, path.stat().st_size)])
    data = bytearray(path.read_bytes())
    heap = data.index(HEAP)
    if place < 0:  # the free space at the end, whose number is zero
        place = 16
        while data[heap + place]:
            place += 16 + (int.from_bytes(data[heap + place + 8 :][:8], "little") + 7) // 8 * 8
        place += 8
    data[heap + place : heap + place + 8] = size.to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match="whose texts are cut short or damaged"):
        jetgen.read(path)


TOO_LONG = """
import resource, sys, h5py, jetgen
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputError

before, refused = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
for path in sys.argv[1:]:
    try:
        inspect(path)
    except InputError as error:
        refused += "whose texts are cut short or damaged" in str(error)
assert refused > len(sys.argv) / 4  # the others are no longer used, or have checksums
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes
"""


def with_texts_and_lists(path, **options):
    """A file whose texts and lists of any length are in all layouts."""
    with h5py.File(path, "w", libver=("latest", "latest")) as file:
        held = file.create_dataset("x", data=np.arange(6.0).reshape(3, 2))
        held.attrs["columns"], held.attrs["units"] = ["first", "second"], ["GeV", ""]
        for k in range(10):  # more than 8 are stored in another way
            file.attrs[f"note {k}"] = f"text {k}"
        lists = file.create_dataset("lists", (40,), h5py.vlen_dtype("f8"), chunks=(7,), **options)
        for k in range(40):
            lists[k] = np.arange(3.0 * k)
        file["x_names"] = ["first", "second"]


def references(data, heaps):
    """Places of references to a text or list of each kind, and their heaps."""
    for length in map(len, ("first", "text 3", "GeV", range(3 * 30))):
        words = {length.to_bytes(4, "little") + heap.to_bytes(8, "little"): heap for heap in heaps}
        places = [k for k in range(len(data)) if data[k : k + 12] in words]
        assert places, length
        yield from ((place, words[data[place : place + 12]]) for place in places)


LONG = (900_000_000).to_bytes(4, "little")


def test_a_damaged_length_takes_no_memory(tmp_path):
    """Of texts in attributes and datasets and of lists of numbers, in all layouts."""
    path = tmp_path / "a.h5"
    with_texts_and_lists(path)
    data, paths = path.read_bytes(), []
    for place, heap in references(data, require_sound_heaps(path, [(0, len(data))])):
        for where in (heap, heap + 8, 2**40):  # the place of the heap may be damaged, too
            paths.append(tmp_path / f"{place}-{where}.h5")
            other = LONG + where.to_bytes(8, "little")
            paths[-1].write_bytes(data[:place] + other + data[place + 12 :])
    done = subprocess.run(
        [sys.executable, "-c", TOO_LONG, *map(str, paths)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_large_files_are_searched_without_their_numbers(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    with_texts_and_lists(path)
    monkeypatch.setattr(hdf5, "LARGEST", 0)
    open_hdf5(path).close()
    data = path.read_bytes()
    heaps = require_sound_heaps(path, [(0, len(data))])
    damaged = [(place, LONG) for place, _ in references(data, heaps)]
    damaged += [(heap + 24, (2**63).to_bytes(8, "little")) for heap in heaps]
    refused = 0
    for place, other in damaged:
        path.write_bytes(data[:place] + other + data[place + len(other) :])
        try:
            open_hdf5(path).close()
        except InputError as error:
            refused += "texts are cut short" in str(error)
    assert refused > len(damaged) / 4  # the others are no longer used, or have checksums


@pytest.mark.parametrize("compression", ["gzip", None, "lzf"])
def test_damaged_lengths_in_compressed_data_are_refused(compression, tmp_path):
    path, gzip = tmp_path / "a.h5", compression == "gzip"
    with_texts_and_lists(path, compression=compression, shuffle=gzip)
    open_hdf5(path).close()
    with h5py.File(path, "r+") as file:
        lists = file["lists"].id
        mask, packed = lists.read_direct_chunk((7,))
        plain = zlib.decompress(packed) if gzip else packed
        if compression == "lzf":  # as if the library had found nothing to gain
            mask, plain = 1, bytes(7 * 16)
        lists.write_direct_chunk((7,), again(LONG + plain[4:], gzip), mask)
    with pytest.raises(InputError, match="texts are cut short"):
        open_hdf5(path)


def again(plain, gzip):
    return zlib.compress(plain) if gzip else plain


def test_references_that_share_a_list_take_no_more_memory_than_the_file_has(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        lists = file.create_dataset("lists", (400,), h5py.vlen_dtype("f8"))
        lists[0] = np.arange(100.0)
        place = lists.id.get_offset()
    open_hdf5(path).close()
    data = path.read_bytes()
    path.write_bytes(data[:place] + 400 * data[place : place + 16] + data[place + 6400 :])
    with pytest.raises(InputError, match="texts are cut short"):
        open_hdf5(path)


@pytest.mark.parametrize("options", [{}, {"chunks": (2,)}], ids=str)
def test_damaged_texts_in_records_are_refused(options, tmp_path):
    """The library reads them also where other fields are asked for."""
    path = tmp_path / "a.h5"
    inner = np.dtype([("n", "i2"), ("names", h5py.string_dtype(), (2,))])
    kinds = [
        ("px", "f4"),
        ("py", "f4"),
        ("list", h5py.vlen_dtype("f4")),
        ("pz", "f4"),
        ("in", inner),
    ]
    rows = np.zeros(2, kinds)
    rows["px"], rows["in"]["names"] = (1, 4), "name"
    rows["list"][:] = [np.ones(3, "f4")] * 2
    with h5py.File(path, "w") as file:
        file.create_dataset("jets", data=rows, **options)
    with pytest.warns(InputWarning, match=r"list \(.* in \(records in records\)"):
        assert jetgen.read(path).particles[:, 0].tolist() == [[1, 0, 0], [4, 0, 0]]
    data = path.read_bytes()
    front = np.float32((1, 0)).tobytes()
    path.write_bytes(data.replace(front + (3).to_bytes(4, "little"), front + LONG))
    with pytest.raises(InputError, match="texts are cut short"):
        open_hdf5(path)


def attribute_of(kind, file):
    """Entries of a kind that has texts or lists, and their type, which may be stored elsewhere."""
    text, lists = h5py.string_dtype(), h5py.vlen_dtype("f4")
    match kind:
        case "committed":
            file["kind"] = text
            return ["A text."], file["kind"]
        case "lists":
            lists_of_seven = np.empty(2, object)
            lists_of_seven[:] = [np.ones(7, "f4"), np.zeros(7, "f4")]
            return lists_of_seven, lists
        case "records":
            return np.array([(1, "A text.")], [("n", "i4"), ("name", text)]), None
    return ["A text."] * 2, text


@pytest.mark.parametrize("kind", ["texts", "committed", "lists", "records"])
def test_damaged_lengths_in_attributes_are_refused(kind, tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        values, stored_as = attribute_of(kind, file)
        file["x"] = np.arange(6.0)
        file["x"].attrs.create("columns", values, dtype=stored_as)
    open_hdf5(path).close()
    data = path.read_bytes()
    (heap,) = require_sound_heaps(path, [(0, len(data))])
    reference = (7).to_bytes(4, "little") + heap.to_bytes(8, "little")
    path.write_bytes(data.replace(reference, LONG + (2**40).to_bytes(8, "little")))
    with pytest.raises(InputError, match="texts are cut short"):
        open_hdf5(path)


def test_numbers_that_look_like_a_damaged_length_are_read(tmp_path):
    """PDG codes: an antiparticle beside a neutron, whose code is the place of the heap."""
    path, sizes = tmp_path / "a.h5", (0, 64)
    for size in sizes:
        with h5py.File(path, "w") as file:
            held = file.create_dataset("a", data=np.zeros(size or 8, np.int64))
            held.attrs["units"] = ["", "GeV"]
            pdg = file.create_dataset("pdg", (8,), "i8", chunks=(8,) if size else None)
            pdg[:] = 22
            held.attrs["units"] = ["", "GeV"]
        (heap,) = require_sound_heaps(path, [(0, path.stat().st_size)])
        with h5py.File(path, "r+") as file:
            file["pdg"][2:5] = -211, heap, 1
        whole = [(0, path.stat().st_size)]
        assert len(too_long(path, require_sound_heaps(path, whole), whole)) == 1
        with open_hdf5(path) as file:
            assert file["pdg"][3] == heap
