"""Data frames written by pandas to HDF5 (``to_hdf``), read without pandas.

An example is the Top Tagging reference set (Zenodo record 2603256), whose columns
``E_0, PX_0, PY_0, PZ_0, E_1, ...`` are the four-momenta of 200 particles per jet in GeV, and whose
column ``is_signal_new`` is 1 for top quarks, 0 for other quarks and gluons.

Source: "The Machine Learning landscape of top taggers", G. Kasieczka, T. Plehn et al., 2019,
arXiv:1902.09914.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from jetgen.cloud import ParticleCloud
from jetgen.datasets.formats.column_source import Values, as_feature
from jetgen.datasets.formats.hdf5 import Hdf5Source, attribute, open_hdf5, texts
from jetgen.datasets.formats.names import Column, unique_names
from jetgen.datasets.formats.precision import exact
from jetgen.datasets.formats.source import Format
from jetgen.datasets.formats.table import TableSource
from jetgen.errors import InputError

STRINGS = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING")
INTEGERS = ("INT", "BININT", "BININT1", "BININT2", "LONG1")


class Block(NamedTuple):
    """Some columns of a frame: a dataset, or a field of a dataset of records.

    Args:
        dataset: its path in the file.
        field: the field, for records.
        columns: number of columns.
        names: their names; empty if these cannot be read.
    """

    dataset: str
    field: str | None
    columns: int
    names: tuple[str, ...] = ()


class PandasSource(TableSource, Hdf5Source):
    """The columns of the single frame of a file."""

    def __init__(self, path: str | Path) -> None:
        TableSource.__init__(self, path)
        self._file: h5py.File | None = None
        self._process = 0

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    def __len__(self) -> int:
        return int(self.file[self._blocks[0].dataset].shape[0])

    @cached_property
    def _blocks(self) -> list[Block]:
        found = frames(self.file)
        if len(found) != 1:
            raise InputError(
                f"{self.path}: expected one frame of pandas, received {', '.join(found)}; copy "
                "one to a file of its own"
            )
        return next(iter(found.values()))

    @cached_property
    def _places(self) -> dict[str, tuple[Column, Block, int]]:
        found = [
            (as_feature(block.names[k] if block.names else str(k)), block, k)
            for block in self._blocks
            if self._kind(block).kind in "biuf"
            for k in range(block.columns)
        ]
        names = unique_names(feature.name for feature, _, _ in found)
        return {
            name: (Column(name, False, feature.unit), block, k)
            for name, (feature, block, k) in zip(names, found, strict=True)
        }

    def _kind(self, block: Block) -> np.dtype[Any]:
        kind: np.dtype[Any] = self.file[block.dataset].dtype
        return kind.base if block.field is None else kind[block.field].base

    @property
    def columns(self) -> list[Column]:
        return [column for column, _, _ in self._places.values()]

    @property
    def unread(self) -> dict[str, str]:
        return {
            name: f"no numbers ({self._kind(block)})"
            for block in self._blocks
            if self._kind(block).kind not in "biuf"
            for name in block.names or (block.dataset,)
        }

    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        rows = {
            dataset: self.rows(dataset, start, stop)
            for dataset in dict.fromkeys(self._places[name][1].dataset for name in names)
        }
        found: dict[str, Values] = {}
        for name in names:
            _, block, k = self._places[name]
            table = rows[block.dataset] if block.field is None else rows[block.dataset][block.field]
            found[name] = exact(table.reshape(len(table), block.columns)[:, k])
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**TableSource.__getstate__(self), "_file": None, "_process": 0}

    def doubts(self, cloud: ParticleCloud) -> list[str]:
        return [*TableSource.doubts(self, cloud), *self.unwritten()]


def frames(file: h5py.File) -> dict[str, list[Block]]:
    """The blocks of each frame at the top of a file, the widest first."""
    found = {name: list(_of_group(group)) for name, group in file.items()}
    return {
        name: sorted(blocks, key=lambda block: -block.columns)
        for name, blocks in found.items()
        if blocks
    }


def _of_group(group: Any) -> Iterator[Block]:
    if not isinstance(group, h5py.Group) or "pandas_type" not in group.attrs:
        return
    for name, item in group.items():
        if re.fullmatch(r"block\d+_values", name) and len(item.shape) == 2:
            heads = group.get(name.replace("_values", "_items"))
            yield Block(item.name, None, *_sized(item.shape[1], heads, _heads))
        if name == "table":
            for field in item.dtype.names or ():
                if re.fullmatch(r"values_block_\d+", field):
                    number = int(np.prod(item.dtype[field].shape))
                    heads = attribute(item, f"{field}_kind")
                    yield Block(item.name, field, *_sized(number, heads, _pickled_names))
                elif field != "index":
                    yield Block(item.name, field, 1, (field,))


def _sized(
    number: int, heads: Any, read: Callable[[Any], tuple[str, ...]]
) -> tuple[int, tuple[str, ...]]:
    """The number of columns, and their names if the numbers agree."""
    names = () if heads is None else read(heads)
    return number, names if len(names) == number else ()


def _heads(dataset: h5py.Dataset) -> tuple[str, ...]:
    values = np.asarray(dataset[()]).reshape(-1)
    return tuple(map(str, values.tolist())) if values.dtype.kind in "iu" else texts(values)


def _pickled_names(value: Any) -> tuple[str, ...]:
    """The texts or integers in a pickled list, without unpickling (which may execute code)."""
    if not isinstance(value, bytes | np.bytes_ | np.void):
        return ()
    try:
        steps = [(code.name, value) for code, value, _ in pickletools.genops(bytes(value))]
    except Exception:  # pickletools raises many types for bytes that are not a pickle
        return ()
    words = tuple(str(value) for name, value in steps if name in STRINGS)
    return words or tuple(str(value) for name, value in steps if name in INTEGERS)


def _matches(path: Path) -> bool:
    if not h5py.is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return bool(frames(file))


PANDAS_HDF5 = Format(
    name="pandas HDF5",
    description="a frame of pandas, such as the Top Tagging reference set",
    matches=_matches,
    open=lambda path, jet_type: PandasSource(path),
    general=True,
)
