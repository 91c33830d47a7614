"""No file, however damaged, makes a reader fail with anything but one line."""

import io
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import jetgen
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.inspection.command import inspect
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError

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


@pytest.fixture
def read(sound_file):
    """A sound file of a kind, and the function that reads what has become of it."""

    def of(kind: str) -> tuple[Path, Callable[[], object]]:
        momenta = {f"p{x}": f"particles.{k}" for k, x in enumerate("xyz")}
        path = sound_file(kind)
        return path, partial(jetgen.read, path, map=momenta if path.suffix == ".npy" else None)

    return of


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_end_in_one_line(read, kind, mutated, end_in_one_line):
    path, look = read(kind)
    end_in_one_line(path, mutated, look)


HDF5_KINDS = [kind for kind in KINDS if kind.endswith(("h5", "hdf5"))]


def restructured(data: bytes, generator: torch.Generator) -> bytes:
    """An HDF5 file with datasets, attributes, groups or links of another form."""
    content = io.BytesIO(data)
    with h5py.File(content, "r+") as file:
        for _ in range(1 + draw(3, generator)):
            with suppress(ValueError, TypeError, LookupError, OSError, RuntimeError):
                change(file, generator)  # some changes cannot be made
    return content.getvalue()


def draw(most: int, generator: torch.Generator) -> int:
    return int(torch.randint(max(most, 1), (1,), generator=generator))


ODD_NUMBERS = (np.nan, np.inf, -np.inf, -1, 1e30, 2**31, 0.5)

ODD_ATTRIBUTES = (
    "", "text", b"\xff\xfe", np.nan, -1, 2**62, [], ["a"], ["pt"] * 40, np.zeros((3, 3)),
    h5py.Empty("f"), np.array(["a", "b"], "S1"), "[1, 2", '{"a": ' * 2000, np.bytes_("frame"),
)  # fmt: skip

ODD_TYPES = (
    "i1", "u8", "f2", ">f8", "?", "S3", h5py.string_dtype(), h5py.vlen_dtype("f4"),
    np.dtype([("px", "f4"), ("n", "i8")]), h5py.enum_dtype({"A": 0, "B": 1}), "c8", "V5",
    h5py.ref_dtype,
)  # fmt: skip

ODD_SHAPES = ((), (0,), (1,), (20,), (7, 3), (20, 0, 3), (20, 4, 3), (1, 1, 1, 1), (2**20,))


def change(file: h5py.File, generator: torch.Generator) -> None:
    def one(choices):
        return list(choices)[draw(len(choices), generator)] if choices else None

    items = []
    file.visititems(lambda name, item: items.append((name, item)))
    chosen = one(items)
    if chosen is None:
        return
    name, item = chosen
    holder = one([item, file])
    match draw(10, generator):
        case 0:
            del file[name]
        case 1:
            holder.attrs[one([*holder.attrs, "columns", "units", "format"])] = one(ODD_ATTRIBUTES)
        case 2 if len(holder.attrs):
            del holder.attrs[one(holder.attrs)]
        case 3:
            del file[name]
            file.create_dataset(name, one(ODD_SHAPES), one(ODD_TYPES))
        case 4:
            del file[name]
            link = one([h5py.SoftLink("/none"), h5py.SoftLink(f"/{name}"), h5py.SoftLink("/")])
            file[name] = one([link, h5py.ExternalLink("other.h5", "/x")])
        case 5:
            del file[name]
            file.create_group(name)
        case 6:
            file.move(name, f"{one(['x', 'jets', 'deep/er', 'block0_values'])}{draw(9, generator)}")
        case _ if not has_numbers(item):
            return
        case 7:
            values, place = item[()].reshape(-1), draw(item.size, generator)
            number = one(ODD_NUMBERS)
            with np.errstate(invalid="ignore"):
                values[place] = np.float64(number).astype(item.dtype)
            item[...] = values.reshape(item.shape)
        case 8:
            values, kept = item[()], dict(item.attrs)
            axis = draw(values.ndim, generator)
            shorter = values.take(range(draw(values.shape[axis], generator)), axis)
            del file[name]
            file[name] = one([shorter, values.T, values[..., None], values.reshape(-1)])
            file[name].attrs.update(kept)
        case _:
            values = item[()]
            del file[name]
            with np.errstate(all="ignore"):
                file[name] = values.astype(one(["i1", "u2", "f2", ">f8", "?", "S4", "c8"]))


def has_numbers(item: h5py.Group | h5py.Dataset) -> bool:
    return isinstance(item, h5py.Dataset) and bool(item.size) and item.dtype.kind in "fiu"


def read_and_inspect(path: Path) -> None:
    for look in (jetgen.read, inspect):
        try:
            look(path)
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.parametrize("kind", HDF5_KINDS)
def test_files_of_another_structure_end_in_one_line(sound_file, kind, end_in_one_line):
    path = sound_file(kind)
    end_in_one_line(path, restructured, partial(read_and_inspect, path))
