"""Base of the HDF5 formats: file handle, contents, and checks for malformed files."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.formats.hdf5_heaps import LARGEST, require_sound_heaps
from jetgen.datasets.formats.hdf5_lengths import require_sound_lengths
from jetgen.datasets.formats.precision import single
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError
from jetgen.extras import install_command
from jetgen.files.versions import HDF5_FORMAT, VERSION_KEY, check_version

UNBOUNDED = 2**30
"""Size in bytes above which a dataset is checked to contain the data that it declares."""

MOST_PACKED = 1100
"""Largest compression ratio of larger datasets; deflate reaches 1032."""

MOST_STATED = 2**24
"""Size in bytes of an attribute above which it is not read."""

SIMPLE = (h5py.h5t.TypeStringID, h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID, h5py.h5t.TypeEnumID)
"""Types of attributes that are read."""

MOST_GROUPS = 8
"""Largest depth of groups that are searched."""

_checked: ContextVar[set[Path] | None] = ContextVar("checked", default=None)
"""Within :func:`checked_once`, the files that :func:`open_hdf5` has found sound."""


@contextmanager
def checked_once() -> Iterator[None]:
    """Within it, :func:`open_hdf5` checks a file only the first time that it opens it."""
    before = _checked.set(set())
    try:
        yield
    finally:
        _checked.reset(before)


def open_hdf5(path: Path) -> h5py.File:
    """The file, open for reading, and without references to other files.

    Raises:
        InputError: when it is locked, cut short or damaged, refers to other files, or comes from
            a newer jetgen.
    """
    known = _checked.get()
    checked = known is not None and path in known
    try:
        size = path.stat().st_size
        small = 0 < size <= LARGEST and not checked
        heaps = require_sound_heaps(path, [(0, size)]) if small else None
        file = h5py.File(path, "r")
    except (FileNotFoundError, InputError):
        raise
    except OSError as error:
        raise _hdf5_error(path, error) from error
    if checked:
        return file
    try:
        items = list(_items(file, "", 0))
        _require_own(path, items)
        held = [item for _, item in items if isinstance(item, h5py.HLObject)]
        require_sound_lengths(path, [file, *held], heaps)
        check_version(path, int(attribute(file, VERSION_KEY, 1)), HDF5_FORMAT)
    except BaseException:
        file.close()
        raise
    if known is not None:
        known.add(path)
    return file


def _hdf5_error(path: Path, error: OSError) -> InputError:
    """The error for a file that HDF5 fails to open or read."""
    text = " ".join(str(error).split())
    if isinstance(error, PermissionError) or "Permission denied" in text:
        return InputError(f"{path}: expected a file that may be read, received no permission")
    if "unable to lock" in text or "already open" in text:
        return InputError(
            f"{path}: expected a complete file, received one that another program has open for "
            f"writing ({text}); wait until it is done (h5clear -s frees a file whose writer died)"
        )
    if "filter" in text or "plugin" in text:
        return InputError(
            f"{path}: expected data that can be unpacked, received data compressed by a method "
            f"that is not there ({text}); {install_command('hdf5plugin')}, or repack the file"
        )
    return InputError(
        f"{path}: expected a complete HDF5 file, received one that is cut short or damaged "
        f"({text}); fetch or make it again"
    )


def datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """All datasets of a file by their paths in it."""
    for path, item in _items(file, "", 0):
        if isinstance(item, h5py.Dataset):
            yield path, item


def _items(
    group: Any, where: str, depth: int, above: tuple[Any, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """The items below a group, but for links to a group ``above`` them."""
    above = (*above, group)
    for name in group:
        path = f"{where}{name}"
        link = group.get(name, getlink=True)
        item = None if isinstance(link, h5py.ExternalLink) else group.get(name)
        yield path, link if item is None else item
        if isinstance(item, h5py.Group) and depth < MOST_GROUPS and item not in above:
            yield from _items(item, f"{path}/", depth + 1, above)


def _require_own(path: Path, items: Sequence[tuple[str, Any]]) -> None:
    """Check that all data are in the file itself, with about the declared sizes.

    Raises:
        InputError: otherwise.
    """
    for name, item in items:
        foreign = isinstance(item, h5py.ExternalLink) or (
            isinstance(item, h5py.Dataset) and (item.is_virtual or bool(item.external))
        )
        if foreign:
            raise InputError(
                f"{path}: expected data in the file itself, received {name}, which refers to "
                "another file; copy the data into one file (h5repack, h5copy -f ext)"
            )
        if isinstance(item, h5py.Dataset) and item.shape:
            declared = math.prod(item.shape) * item.dtype.itemsize
            held = item.id.get_storage_size()
            if declared > max(UNBOUNDED, held * MOST_PACKED):
                raise InputError(
                    f"{path}: expected the data that {name} declares, {item.shape} or "
                    f"{declared / 2**30:.1f} GiB, received {held} bytes; the file is incomplete: "
                    "fetch or make it again"
                )


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of each item at the top of an HDF5 file (groups have none); none for other files."""
    if not h5py.is_hdf5(path):
        return {}
    with open_hdf5(path) as file:
        return {name: getattr(item, "shape", None) or () for name, item in file.items()}


class Hdf5Source(Source):
    """A source whose HDF5 file is opened on first use, once per process."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._file: h5py.File | None = None
        self._process = 0

    @property
    def file(self) -> h5py.File:
        """The open file; a handle from another process is not used."""
        if self._file is None or self._process != os.getpid():
            self._file, self._process = open_hdf5(self.path), os.getpid()
        return self._file

    def rows(self, dataset: str, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Rows of a dataset as an array.

        Raises:
            InputError: when the data are damaged, or compressed by a method that is not installed.
        """
        held = self.file[dataset]
        require_filters(self.path, held)
        try:
            return np.asarray(held[start:stop])
        except OSError as error:
            raise InputError(
                f"{self.path}: {dataset} {start}:{stop} cannot be read ({error}); the file is "
                "damaged: fetch or make it again"
            ) from error

    def numbers(self, dataset: str, start: int, stop: int) -> Tensor:
        """Rows of a dataset of numbers of any type, in single precision.

        Raises:
            InputError: when the data are damaged or not numeric.
        """
        kind = self.file[dataset].dtype
        if kind.kind not in "biuf":
            raise InputError(
                f"{self.path}: expected numbers in {dataset}, received {kind}; convert them"
            )
        rows = self.rows(dataset, start, stop)
        return torch.from_numpy(single(rows, f"{self.path}: {dataset}"))

    def unwritten(self) -> list[str]:
        """A remark for each dataset with parts that were never written, which read as zeros."""
        return [
            f"{name} has parts that were never written and are read as {item.fillvalue}; did the "
            "program that wrote it end too early?"
            for name, item in datasets(self.file)
            if _is_unwritten(item)
        ]

    def doubts(self, cloud: ParticleCloud) -> list[str]:
        return [*super().doubts(cloud), *self.unwritten()]

    @property
    def block(self) -> int | None:
        """Whole chunks of all datasets, as far as they are chunked."""
        chunks = [item.chunks for _, item in datasets(self.file)]
        return max((chunk[0] for chunk in chunks if chunk), default=1)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the file, JSON texts decoded."""
        found = {name: attribute(self.file, name) for name in self.file.attrs}
        return {name: _decoded(value) for name, value in found.items() if value is not None}

    def close(self) -> None:
        if self._file is not None and self._process == os.getpid():
            self._file.close()
        self._file = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}


def _is_unwritten(item: h5py.Dataset) -> bool:
    """Whether a dataset has no storage for some of its entries."""
    if not item.size or item.id.get_create_plist().get_layout() == h5py.h5d.COMPACT:
        return False
    if item.chunks is None:
        return not item.id.get_storage_size()
    chunks = math.prod(-(-n // size) for n, size in zip(item.shape, item.chunks, strict=True))
    return int(item.id.get_num_chunks()) < chunks


def require_filters(path: Path, dataset: h5py.Dataset) -> None:
    """Check that the compression methods of a dataset are available, also from hdf5plugin.

    Raises:
        InputError: when one is missing.
    """
    settings = dataset.id.get_create_plist()
    for number in range(settings.get_nfilters()):
        code, _, _, name = settings.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            with suppress(ImportError):
                import hdf5plugin  # noqa: F401, registers its methods with h5py
        if not h5py.h5z.filter_avail(code):
            raise InputError(
                f"{path}: expected data that can be unpacked, received data compressed by "
                f"{name.decode() or code}; {install_command('hdf5plugin')} reads blosc and bzip2, "
                "and the ptrepack of PyTables repacks any file"
            )


def attribute(item: Any, name: str, default: Any = None) -> Any:
    """An attribute of texts or numbers; ``default`` if it is absent, large or of another type.

    The library crashes on some attributes of other types in damaged files.
    """
    if not h5py.h5a.exists(item.id, name.encode()):
        return default
    held = h5py.h5a.open(item.id, name.encode())
    if not isinstance(held.get_type(), SIMPLE) or held.get_storage_size() > MOST_STATED:
        return default
    return item.attrs[name]


def texts(value: Any) -> tuple[str, ...]:
    """Names stored in an attribute or a dataset; empty for anything else."""
    if value is None or isinstance(value, h5py.Empty):
        return ()
    values = np.asarray(value).reshape(-1).tolist()
    named = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
    return tuple(named) if all(isinstance(v, str) for v in named) else ()


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
