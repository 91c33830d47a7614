"""The texts and lists of any length in an HDF5 file, whose places the library does not check."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import InputError

HEAP = b"GCOL\x01\0\0\0"
"""The first bytes of such a part, a global heap collection."""

LARGEST = 2**26
"""Size in bytes of files that are searched as a whole; of larger ones, all but the numbers."""

Heaps = dict[int, set[int]]
"""The numbers of the objects of each heap, by its place in the file."""

Extent = tuple[int, int]
"""Place and size of a part of a file."""


def outside(size: int, numbers: Iterable[Extent]) -> list[Extent]:
    """The parts of a file of ``size`` bytes that are not among these parts with numbers.

    >>> outside(100, [(40, 10), (20, 20), (90, 10)])
    [(0, 20), (50, 40)]
    """
    parts, done = [], 0
    for start, length in (*sorted(numbers), (size, 0)):
        if start > done:
            parts.append((done, start - done))
        done = max(done, start + length)
    return parts


def require_sound_heaps(path: Path, parts: Sequence[Extent]) -> Heaps:
    """Check that the objects of each heap fill it; the HDF5 library would search others for ever.

    Args:
        path: the file.
        parts: of the file that are searched for heaps.

    Raises:
        InputError: otherwise.
    """
    found: Heaps = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for first, size in parts:
            start = data.find(HEAP, first, first + size)
            while start >= 0:
                objects = _objects(data, start)
                if objects is None:
                    raise damaged(path)
                found[start] = objects
                start = data.find(HEAP, start + 1, first + size)
    return found


def _objects(data: mmap.mmap, start: int) -> set[int] | None:
    """The objects of a heap, if they follow each other to its end or to its free space."""
    end, place = start + _number(data, start + 8, 8), start + 16
    if end > len(data):
        return None
    objects: set[int] = set()
    while place + 16 <= end:
        index, size = _number(data, place, 2), _number(data, place + 8, 8)
        if not index:  # free space, whose size counts its 16 bytes
            return objects if place + size == end else None
        objects.add(index)
        place += 16 + (size + 7) // 8 * 8
    return objects if place <= end else None


def _number(data: mmap.mmap, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")


def too_long(path: Path, heaps: Heaps, parts: Sequence[Extent]) -> list[int]:
    """Places that look like a reference to an object of a heap with more entries than bytes exist.

    A reference is a length (4 bytes), the place of the heap (8), and the number of the object (4).
    """
    found: list[int] = []
    if not heaps:
        return found
    most, known = path.stat().st_size, np.array(list(heaps))
    for start, size in parts:
        data = np.memmap(path, np.uint8, "r", start, (size,))
        for shift in range(4):
            words = data[shift : shift + (len(data) - shift) // 4 * 4].view("<u4")
            first = np.flatnonzero(words[2:-1] == 0)  # the upper half of the heap's place
            first = first[words[first] > most]
            first = first[np.isin(words[first + 1], known)]
            found += [start + 4 * k + shift for k in first.tolist() if _is_object(words, k, heaps)]
    return found


def _is_object(words: NDArray[Any], first: int, heaps: Heaps) -> bool:
    return int(words[first + 3]) in heaps[int(words[first + 1])]


def damaged(path: Path) -> InputError:
    """The error for a file with texts or lists at wrong places, or of wrong lengths."""
    return InputError(
        f"{path}: expected a complete HDF5 file, received one whose texts are cut short or "
        "damaged; fetch or make it again"
    )
