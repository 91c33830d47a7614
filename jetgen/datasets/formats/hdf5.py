"""What the HDF5 formats share: the file handle, and a look at what a file holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError
from jetgen.files.versions import HDF5_FORMAT, VERSION_KEY, check_version


def open_hdf5(path: Path) -> h5py.File:
    """The file, open for reading.

    Raises:
        InputError: when it is cut short or damaged, or comes from a newer jetgen.
    """
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(
            f"{path}: expected a complete HDF5 file, received one that is cut short or damaged "
            f"({error}); fetch or make it again"
        ) from error
    check_version(path, int(file.attrs.get(VERSION_KEY, 1)), HDF5_FORMAT)
    return file


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of each item at the top of an HDF5 file (groups have none); none for other files."""
    if not h5py.is_hdf5(path):
        return {}
    with open_hdf5(path) as file:
        return {name: getattr(item, "shape", None) or () for name, item in file.items()}


class Hdf5Source(Source):
    """A source whose HDF5 handle opens on first use, once a process."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._file: h5py.File | None = None
        self._process = 0

    @property
    def file(self) -> h5py.File:
        """The open file; a handle that came from another process is not used."""
        if self._file is None or self._process != os.getpid():
            self._file, self._process = open_hdf5(self.path), os.getpid()
        return self._file

    def rows(self, dataset: str, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Rows of a dataset as an array.

        Raises:
            InputError: when the data are damaged.
        """
        try:
            return np.asarray(self.file[dataset][start:stop])
        except OSError as error:
            raise InputError(
                f"{self.path}: {dataset} {start}:{stop} cannot be read ({error}); the file is "
                "damaged: fetch or make it again"
            ) from error

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the file, JSON texts decoded."""
        return {name: _decoded(value) for name, value in self.file.attrs.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}


def _decoded(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value.item() if isinstance(value, np.generic) else value
