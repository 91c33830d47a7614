"""The lengths that an HDF5 file states for its texts and lists, for which memory is reserved."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from jetgen.datasets.formats.hdf5_heaps import (
    Extent,
    Heaps,
    damaged,
    outside,
    require_sound_heaps,
    too_long,
)

REFERENCE = 16
"""Bytes of a reference to a text or list: length (4), place of the heap (8), and object (4)."""

_ANY_LENGTH = (6, 9, 10)
"""Classes of types with texts and lists, the lowest four bits of an encoded type.

They are 9; records (6) and arrays (10) may contain them.
"""


class Entry(NamedTuple):
    """The references in each entry of a dataset, which may be a record.

    Args:
        size: bytes of the entry in the file.
        references: place of each reference in it, and bytes of what it counts.
    """

    size: int
    references: list[tuple[int, int]]


class Shaped(NamedTuple):
    """An attribute with texts or lists: its entry, and the number of its entries."""

    entry: Entry
    number: int


def require_sound_lengths(path: Path, items: Sequence[Any], heaps: Heaps | None) -> None:
    """Check that no text or list is stated to have more entries than the file has bytes.

    The HDF5 library reserves memory for the stated length before it looks at the place, also for
    fields of records that nobody asks for. So all texts and lists of a dataset have together at
    most as many bytes as the file, and an attribute has at most as many characters.

    Args:
        path: the file.
        items: the open file, and all groups and datasets in it.
        heaps: as :func:`require_sound_heaps` finds them in the whole file; None for a file of
            which only the parts without numbers are searched.

    Raises:
        InputError: otherwise.
    """
    lists = [item for item in items if isinstance(item, h5py.Dataset) and item.dtype.hasobject]
    kinds: dict[bytes, list[Shaped]] = {}
    for name, shaped in (found for item in items for found in _text_attributes(item)):
        if shaped not in kinds.setdefault(name, []):
            kinds[name].append(shaped)
    if not (lists or kinds):
        return
    size = path.stat().st_size
    parts = outside(size, (extent for item in items for extent in _numbers(item)))
    if heaps is None:
        heaps = require_sound_heaps(path, parts)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = [_stated(data, dataset) for dataset in lists]
        if (
            any(length > size for length in _of_attributes(data, kinds, parts))
            or any(stated is not None and stated > size for stated in found)
            or (None in found and too_long(path, heaps, parts))
        ):
            raise damaged(path)


def _text_attributes(item: Any) -> Iterator[tuple[bytes, Shaped]]:
    """The names and kinds of the attributes of an item that have texts or lists of any length."""
    for number in range(h5py.h5a.get_num_attrs(item.id)):
        with suppress(KeyError, OSError, RuntimeError, TypeError):  # nor can damaged ones be read
            held = h5py.h5a.open(item.id, index=number)
            entry = _entry(held.get_type())
            if entry.references:
                yield held.name, Shaped(entry, held.get_space().get_simple_extent_npoints())


def _numbers(item: Any) -> Iterator[Extent]:
    """The parts of a file with the entries of a dataset of fixed size."""
    if not isinstance(item, h5py.Dataset) or item.dtype.hasobject:
        return
    if item.chunks is not None:
        yield from ((chunk.byte_offset, chunk.size) for chunk in _chunks(item))
    elif (place := item.id.get_offset()) is not None:
        yield place, item.id.get_storage_size()


def _chunks(dataset: h5py.Dataset) -> list[Any]:
    found: list[Any] = []
    if dataset.id.get_num_chunks():
        dataset.id.chunk_iter(found.append)
    return found


def _of_attributes(
    data: mmap.mmap, kinds: Mapping[bytes, Sequence[Shaped]], parts: Sequence[Extent]
) -> Iterator[int]:
    """The bytes that attributes of these names state, wherever in these parts they are."""
    for name, shaped in kinds.items():
        for start, size in parts:
            place = data.find(name + b"\0", start, start + size)
            while place >= 0:
                yield from _of_attribute(data, place, len(name) + 1, shaped)
                place = data.find(name + b"\0", place + 1, start + size)


def _of_attribute(data: mmap.mmap, name: int, size: int, kinds: Sequence[Shaped]) -> Iterator[int]:
    """The bytes of the texts of an attribute whose name is at a place.

    In front of the name are a version, flags, and the sizes of name, type and shape; behind it
    these, and the entries. In version 1 each begins at a multiple of 8 bytes. From version 2 on a
    flag says that the type (1) or the shape (2) is elsewhere, as of a committed type. Of several
    kinds of attributes of this name, the one that states least counts.
    """
    for version, before in ((1, 8), (2, 8), (3, 9)):
        start = name - before
        if start < 0 or data[start] != version:
            continue
        sizes = np.frombuffer(data[start + 2 : start + 8], "<u2").tolist()
        if sizes[0] != size:
            continue
        flags = data[start + 1] if version > 1 else 0
        steps = [-(-each // 8) * 8 if version == 1 else each for each in sizes]
        kind, shape, values = (name + sum(steps[: k + 1]) for k in range(3))
        if values > len(data) or not (flags & 1 or data[kind] % 16 in _ANY_LENGTH):
            continue
        extents = shape + (8 if data[shape] == 1 else 4)
        axes = np.frombuffer(data[extents : extents + 8 * min(data[shape + 1], 32)], "<u8")
        stated = None if flags & 2 else math.prod(axes.tolist())
        yield min(_of_entries(data, values, entry, stated, count) for entry, count in kinds)


def _of_entries(data: mmap.mmap, start: int, entry: Entry, stated: int | None, count: int) -> int:
    number = min(count if stated is None else stated, (len(data) - start) // entry.size)
    return _total(entry, data[start : start + number * entry.size])


def _stated(data: mmap.mmap, dataset: h5py.Dataset) -> int | None:
    """The bytes of all texts and lists in a dataset, or None if it is not known where they are."""
    entry = _entry(dataset.id.get_type())
    held = dataset.id.get_storage_size()
    if not entry.references or not held:
        return 0
    if dataset.chunks is None:
        place = dataset.id.get_offset()
        if place is None or held != dataset.size * entry.size:
            return None
        return _total(entry, data[place : place + held])
    total, filters = 0, dataset.id.get_create_plist().get_nfilters()
    for chunk in _chunks(dataset):
        packed = data[chunk.byte_offset : chunk.byte_offset + chunk.size]
        plain = _unpacked(dataset, entry.size, packed, chunk.filter_mask) if filters else packed
        if len(plain) != math.prod(dataset.chunks) * entry.size:
            return None
        total += _total(entry, plain)
    return total


def _entry(kind: Any) -> Entry:
    """The references in an entry of a type, whose sizes are given for memory, not for the file."""
    match kind:
        case h5py.h5t.TypeStringID() if kind.is_variable_str():
            return Entry(REFERENCE, [(0, 1)])
        case h5py.h5t.TypeVlenID():
            return Entry(REFERENCE, [(0, kind.get_super().get_size())])
        case h5py.h5t.TypeArrayID():
            size, references = _entry(kind.get_super())
            many = range(math.prod(kind.get_array_dims()))
            places = [(k * size + place, each) for k in many for place, each in references]
            return Entry(size * len(many), places)
        case h5py.h5t.TypeCompoundID():
            longer, places = 0, []
            members = range(kind.get_nmembers())
            for member in sorted(members, key=kind.get_member_offset):
                start, inner = kind.get_member_offset(member) + longer, kind.get_member_type(member)
                size, references = _entry(inner)
                places += [(start + place, each) for place, each in references]
                longer += size - inner.get_size()
            return Entry(kind.get_size() + longer, places)
    return Entry(kind.get_size(), [])


def _total(entry: Entry, plain: bytes) -> int:
    rows = np.frombuffer(plain, np.uint8).reshape(-1, entry.size)
    return sum(
        int(_lengths(rows[:, place : place + REFERENCE].tobytes()).sum()) * each
        for place, each in entry.references
    )


def _lengths(references: bytes) -> np.ndarray[Any, np.dtype[np.int64]]:
    whole = len(references) // REFERENCE * REFERENCE
    return np.frombuffer(references[:whole], "<u4")[:: REFERENCE // 4].astype(np.int64)


def _unpacked(dataset: h5py.Dataset, size: int, packed: bytes, mask: int) -> bytes:
    """The references in a compressed chunk, by way of a file in memory.

    Args:
        dataset: the dataset.
        size: bytes of an entry in the file.
        packed: the bytes of the chunk.
        mask: the filters that it did not pass, as bits.
    """
    given, made = dataset.id.get_create_plist(), h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk(dataset.chunks)
    for number in range(given.get_nfilters()):
        code, flags, values, _ = given.get_filter(number)
        if not mask >> number & 1:
            made.set_filter(code, flags, values)
    kind = h5py.h5t.create(h5py.h5t.OPAQUE, size)
    kind.set_tag(b"")
    with h5py.File.in_memory() as file:
        space = h5py.h5s.create_simple(dataset.chunks)
        copy = h5py.Dataset(h5py.h5d.create(file.id, b"references", kind, space, made))
        copy.id.write_direct_chunk((0,) * len(dataset.chunks), packed)
        return bytes(copy[()].tobytes())
