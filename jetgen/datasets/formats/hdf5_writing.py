"""Streaming rows of several datasets to an HDF5 file that appears when it is complete."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import h5py
import numpy as np

import jetgen
from jetgen.cloud import Feature
from jetgen.errors import InputError
from jetgen.files.versions import HDF5_FORMAT, VERSION_KEY
from jetgen.files.whole import whole_file

Attribute = str | int | float | Mapping[str, Any] | list[Any]

JETS_PER_CHUNK = 256
JETS_PER_BLOCK = 8 * JETS_PER_CHUNK
"""Jets are written in whole blocks, so that no chunk is compressed twice."""


class Dataset(NamedTuple):
    """One dataset: shape and type of a row, and the names and units of its columns."""

    shape: tuple[int, ...]
    columns: tuple[Feature, ...]
    kind: str = "f4"


class Hdf5Writer:
    """What the writers of HDF5 files share: all but the datasets and what goes into them.

    Args:
        path: the file to make.
        datasets: its datasets by name.
        form: the name of its format.
        attributes: what the file shall say about itself; mappings and lists are stored as JSON
            text. They are written when the block ends, and may still be added to inside it.
        overwrite: replace an existing file instead of refusing.

    Raises:
        InputError: when the file exists.
    """

    def __init__(
        self,
        path: str | Path,
        datasets: Mapping[str, Dataset],
        *,
        form: str,
        attributes: dict[str, Attribute],
        overwrite: bool,
    ) -> None:
        self.path = Path(path)
        require_new(self.path, overwrite)
        self.attributes = attributes
        self.jets = 0
        self._form, self._layout = form, dict(datasets)
        self._waiting: list[Mapping[str, np.ndarray[Any, Any]]] = []
        self._written = 0
        self._datasets: dict[str, h5py.Dataset] = {}
        self._whole = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(whole_file(self.path))
            self._file = h5py.File(temporary, "w")
            stack.push(self._close)
            for name, dataset in self._layout.items():
                self._datasets[name] = self._create(name, dataset)
            self._whole = stack.pop_all()
        return self

    def add(self, rows: Mapping[str, np.ndarray[Any, Any]], jets: int) -> None:
        """Add the rows of ``jets`` jets to every dataset."""
        self._waiting.append(rows)
        self.jets += jets
        if self.jets - self._written >= JETS_PER_BLOCK:
            self._write((self.jets - self._written) // JETS_PER_BLOCK * JETS_PER_BLOCK)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The error passes through the stack, where whole_file removes what was begun.
        with self._whole:
            if error is not None:
                raise error
            self._describe()
            self._write(self.jets - self._written)

    def _write(self, jets: int) -> None:
        """Move the first so many waiting jets to the disk.

        Raises:
            OSError: when they cannot be written, for want of space for example.
        """
        if not self._waiting:
            return
        joined = {
            name: np.concatenate([part[name] for part in self._waiting]) for name in self._layout
        }
        try:
            for name, dataset in self._datasets.items():
                dataset.resize(self._written + jets, axis=0)
                dataset[self._written :] = joined[name][:jets]
            self._file.flush()
        except (OSError, RuntimeError) as error:
            found = re.search(r"errno = (\d+)", str(error))
            number = int(found.group(1)) if found else errno.EIO
            raise OSError(number, os.strerror(number), str(self.path)) from error
        self._waiting = [{name: rows[jets:] for name, rows in joined.items()}]
        self._written += jets

    def _close(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self._file.close()
            return
        # The file is given up. Where the disk is full, HDF5 would fail once more to write what
        # it still holds, and crash the process when it ends: let that go nowhere instead.
        with Path(os.devnull).open("r+b") as nowhere:
            os.dup2(nowhere.fileno(), self._file.id.get_vfd_handle())
        with suppress(RuntimeError, OSError):
            self._file.close()

    def _create(self, name: str, dataset: Dataset) -> h5py.Dataset:
        shape = (0, *dataset.shape)
        created = self._file.create_dataset(
            name,
            shape=shape,
            maxshape=(None, *dataset.shape),
            chunks=(JETS_PER_CHUNK if len(shape) == 3 else JETS_PER_BLOCK, *dataset.shape),
            dtype=dataset.kind,
            compression="gzip",
            compression_opts=1,  # digits of momenta hardly compress: more effort gains nothing
            shuffle=True,
        )
        created.attrs["columns"] = [f.name for f in dataset.columns]
        created.attrs["units"] = [f.unit for f in dataset.columns]
        return created

    def _describe(self) -> None:
        facts = {
            "format": self._form,
            VERSION_KEY: HDF5_FORMAT,
            "jetgen_version": jetgen.__version__,
            "jets": self.jets,
        }
        for name, value in {**self.attributes, **facts}.items():
            plain = isinstance(value, str | int | float)
            self._file.attrs[name] = value if plain else json.dumps(value)


def require_new(path: Path, overwrite: bool) -> None:
    """Raise :class:`InputError` when a file exists that is not to be replaced."""
    if path.is_dir() or (path.exists() and not overwrite):
        raise InputError(
            f"{path}: expected a new file, received one that exists; choose another "
            "name or remove it"
        )
