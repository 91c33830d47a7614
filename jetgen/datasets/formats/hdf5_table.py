"""Jets as arrays in HDF5 files of any layout: datasets, also in groups, of numbers or records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jetgen.cloud import ParticleCloud
from jetgen.datasets.formats.arrays_table import Array, ArraysSource
from jetgen.datasets.formats.hdf5 import Hdf5Source, attribute, datasets, open_hdf5, texts
from jetgen.datasets.formats.source import Format

NAMES = ("columns", "names", "features", "feature_names", "column_names", "variables")
"""Attributes that may contain the names of columns, and name endings of such datasets."""

UNITS = ("units", "unit")

FILL = ("_FillValue", "missing_value")
"""Attributes with the number that stands for a missing one in files of netCDF."""

SCALE, OFFSET = "scale_factor", "add_offset"
"""Attributes of netCDF: numbers are those of the file times the scale, plus the offset."""


class Hdf5TableSource(ArraysSource, Hdf5Source):
    """The datasets of a file that have one row per jet."""

    def __init__(self, path: str | Path) -> None:
        ArraysSource.__init__(self, path)
        self._file: h5py.File | None = None
        self._process = 0

    @property
    def arrays(self) -> dict[str, Array]:
        if "arrays" not in self._found:
            every = dict(datasets(self.file))
            self._found["arrays"] = {
                name: _array(name, dataset, every) for name, dataset in every.items()
            }
        return self._found["arrays"]

    @property
    def attributes(self) -> dict[str, Any]:
        return Hdf5Source.attributes.fget(self)  # type: ignore[attr-defined]

    def rows(self, name: str, start: int, stop: int) -> np.ndarray[Any, Any]:
        return _unpacked(Hdf5Source.rows(self, name, start, stop), self.file[name])

    def doubts(self, cloud: ParticleCloud) -> list[str]:
        return [*ArraysSource.doubts(self, cloud), *self.unwritten()]

    def __getstate__(self) -> dict[str, Any]:
        return {**ArraysSource.__getstate__(self), "_file": None, "_process": 0}


def _array(name: str, dataset: h5py.Dataset, every: dict[str, h5py.Dataset]) -> Array:
    names, units = (
        next(filter(None, (texts(attribute(dataset, key)) for key in keys)), ())
        for keys in (NAMES, UNITS)
    )
    beside = [f"{name}_{key}" for key in NAMES if f"{name}_{key}" in every]
    if not names and beside and every[beside[0]].size < 10_000:
        names = texts(every[beside[0]][()])
    inner = h5py.check_vlen_dtype(dataset.dtype)
    ragged = isinstance(inner, np.dtype)
    kind = inner if isinstance(inner, np.dtype) else dataset.dtype
    return Array(dataset.shape or (), kind, names, units, ragged)


def _unpacked(rows: np.ndarray[Any, Any], dataset: h5py.Dataset) -> np.ndarray[Any, Any]:
    """The numbers that a dataset means by its attributes of netCDF, NaN where they are missing."""
    stated = {key: _number(attribute(dataset, key)) for key in (*FILL, SCALE, OFFSET)}
    if rows.dtype.kind not in "iuf":
        return rows
    fills = np.array([stated[key] for key in FILL if stated[key] is not None], np.float64)
    if rows.dtype.kind == "f":  # rounded as the numbers are; no whole number is 2.5
        fills = fills.astype(rows.dtype)
    missing = np.isin(rows, fills) if len(fills) else None
    scale, offset = stated[SCALE], stated[OFFSET]
    if scale is not None or offset is not None:
        rows = rows * (1.0 if scale is None else scale) + (offset or 0.0)
    return rows if missing is None or not missing.any() else np.where(missing, np.nan, rows)


def _number(value: Any) -> float | None:
    """An attribute that is one number, else None."""
    found = np.asarray(value).reshape(-1)
    return float(found[0]) if found.dtype.kind in "iuf" and found.size == 1 else None


def _matches(path: Path) -> bool:
    if not h5py.is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return any(dataset.shape for _, dataset in datasets(file))


HDF5_TABLE = Format(
    name="HDF5 arrays",
    description="datasets (J,), (J, N) or (J, N, F) with one row per jet",
    matches=_matches,
    open=lambda path, jet_type: Hdf5TableSource(path),
    general=True,
)
