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
from jetgen.files.lock import remove_dead_lock
from jetgen.files.versions import HDF5_FORMAT, VERSION_KEY
from jetgen.files.whole import whole_file

Attribute = str | int | float | Mapping[str, Any] | list[Any]

ENDINGS = (".h5", ".hdf5", ".hdf")

JETS_PER_CHUNK = 256
JETS_PER_BLOCK = 8 * JETS_PER_CHUNK
"""Number of jets per write: whole chunks, so that no chunk is compressed twice."""


class Dataset(NamedTuple):
    """One dataset: shape and type of a row, and names and units of its columns."""

    shape: tuple[int, ...]
    columns: tuple[Feature, ...]
    kind: str = "f4"


class Hdf5Writer:
    """Base of the writers of HDF5 files, which define the datasets and their rows.

    Args:
        path: the file to write.
        datasets: its datasets by name.
        form: name of its format.
        attributes: metadata of the file; mappings and lists are stored as JSON text. They are
            written at the end of the block, so that the block may add to them.
        overwrite: replace an existing file instead of raising an error.

    Raises:
        InputError: when the file exists, or its name has the ending of another format.
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
        if self.path.suffix.lower() not in ("", *ENDINGS):
            raise InputError(
                f"{path}: expected an HDF5 file ({', '.join(ENDINGS)}), received a name in "
                f"{self.path.suffix}; choose a name such as {self.path.with_suffix('.h5').name}"
            )
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
            temporary = stack.enter_context(whole_file(self.path, alone=True))
            self._file = h5py.File(temporary, "w")
            stack.push(self._close)
            for name, dataset in self._layout.items():
                self._datasets[name] = self._create(name, dataset)
            self._whole = stack.pop_all()
        return self

    def add(self, rows: Mapping[str, np.ndarray[Any, Any]], jets: int) -> None:
        """Append the rows of ``jets`` jets to every dataset."""
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
        # The error is passed to the stack, where whole_file removes the incomplete file.
        with self._whole:
            if error is not None:
                raise error
            self._describe()
            self._write(self.jets - self._written)

    def _write(self, jets: int) -> None:
        """Write the first ``jets`` waiting jets to disk.

        Raises:
            OSError: when they cannot be written, for example on a full disk.
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
        # The file is abandoned. If the disk is full, HDF5 would fail again to write its buffers,
        # and crash the process at exit: discard this output instead.
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
            compression_opts=1,  # momenta hardly compress: higher levels gain nothing
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
    """Raise :class:`InputError` if the file exists and ``overwrite`` is false.

    What a process left that was killed when it had just written the file is removed.
    """
    if path.is_dir():
        raise InputError(f"{path}: expected a new file, received a folder; choose another name")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: expected a new file, received a device or pipe; name a file")
    if path.exists() and not overwrite:
        remove_dead_lock(path)
        raise InputError(
            f"{path}: expected a new file, received one that exists; choose another name, or "
            "overwrite=True"
        )
