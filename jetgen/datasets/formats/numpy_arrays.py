"""Arrays of NumPy files and archives, read in rows without loading the whole array."""

from __future__ import annotations

import math
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.errors import InputError

MAGIC = b"\x93NUMPY"
ZIP = b"PK\x03\x04"

MOST_WHOLE = 4 * 2**30
"""Largest size in bytes of a column-major array, which has to be read as a whole."""

MOST_PACKED = 1100
"""Largest compression ratio; deflate reaches 1032."""

DAMAGE = (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error)
"""Exceptions of NumPy and zipfile for damaged files."""


class NumpyArray:
    """One array of a file: shape, type, order, and its rows.

    Args:
        path: a ``.npy`` file or an archive.
        member: name of the array in an archive.

    Raises:
        InputError: when the header is damaged, or declares more data than the file contains.
    """

    def __init__(self, path: Path, member: str | None = None) -> None:
        self.path, self.member = path, member
        self._open = ExitStack()
        self._stream: Any = None
        self._whole: np.ndarray[Any, Any] | None = None
        try:
            with ExitStack() as stack:
                stream = self._opened(stack)
                self.shape, self.column_major, self.kind = header(stream)
                self._origin = stream.tell()
        except DAMAGE as error:
            raise damaged(path, error) from error
        self._require_held()

    def rows(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Rows ``start`` to ``stop - 1``; earlier rows are not stored.

        Raises:
            InputError: when the data are damaged.
        """
        stop = min(stop, self.shape[0])
        try:
            if self.column_major and len(self.shape) > 1:
                return self._all()[start:stop]
            if self._stream is None:
                self._stream = self._opened(self._open)
            row = math.prod(self.shape[1:]) * self.kind.itemsize
            self._stream.seek(self._origin + start * row)
            data = self._stream.read((stop - start) * row)
            rows = np.frombuffer(data, self.kind).reshape(stop - start, *self.shape[1:])
            return rows.copy()  # arrays of a buffer are read-only
        except DAMAGE as error:
            raise InputError(
                f"{self.path}: jets {start} to {stop} cannot be read ({error}); the file is "
                "damaged: fetch or make it again"
            ) from error

    def _all(self) -> np.ndarray[Any, Any]:
        """The whole array."""
        if self._whole is None:
            size = math.prod(self.shape) * self.kind.itemsize
            if size > MOST_WHOLE:
                raise InputError(
                    f"{self.path}: expected an array in row-major order, received "
                    f"{size / 2**30:.1f} GiB in column-major order; save "
                    "numpy.ascontiguousarray of it"
                )
            with ExitStack() as stack:
                stream = self._opened(stack)
                self._whole = np.lib.format.read_array(stream, allow_pickle=False)
        return self._whole

    def _opened(self, stack: ExitStack) -> Any:
        if self.member is None:
            return stack.enter_context(self.path.open("rb"))
        archive = stack.enter_context(zipfile.ZipFile(self.path))
        return stack.enter_context(archive.open(f"{self.member}.npy"))

    def close(self) -> None:
        """Close the file; reading opens it again."""
        self._open.close()
        self._stream = None

    def __del__(self) -> None:
        self._open.close()

    def _require_held(self) -> None:
        size = math.prod(self.shape) * self.kind.itemsize
        held = self.path.stat().st_size
        most = held - self._origin if self.member is None else held * MOST_PACKED
        if size > most:
            raise InputError(
                f"{self.path}: expected a complete array, received one of shape {self.shape}, "
                f"{size} bytes, in a file of {held}; it is cut short or damaged: fetch or make it "
                "again"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": ExitStack(), "_stream": None, "_whole": None}


def header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order (whether column-major) and type of the array at this position."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def numpy_arrays(path: Path) -> dict[str, NumpyArray]:
    """The arrays of an archive by name, or that of a ``.npy`` file; empty for other files.

    Raises:
        InputError: when the file is incomplete or damaged.
    """
    with path.open("rb") as handle:
        start = handle.read(len(MAGIC))
    if start == MAGIC:
        return {"particles": NumpyArray(path)}
    if not start.startswith(ZIP):
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
    except DAMAGE as error:
        raise damaged(path, error) from error
    return {name: NumpyArray(path, name) for name in members}


def damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path}: expected a complete NumPy archive, received one that is cut short or "
        f"damaged ({error}); fetch or make it again"
    )
