"""The texts and lists of any length in an HDF5 file, whose places the library does not check."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import InputError

HEAP = b"GCOL\x01\0\0\0"
"""The first bytes of such a part, a global heap collection."""

LARGEST = 2**26
"""Size in bytes of files above which they are not searched, as it takes long."""

Heaps = dict[int, set[int]]
"""The numbers of the objects of each heap, by its place in the file."""

Extent = tuple[int, int]
"""Place and size of a part of a file."""


def require_sound_heaps(path: Path) -> Heaps:
    """Check that the objects of each heap fill it; the HDF5 library would search others for ever.

    Raises:
        InputError: otherwise.
    """
    found: Heaps = {}
    if not 0 < path.stat().st_size <= LARGEST:
        return found
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data.find(HEAP)
        while start >= 0:
            objects = _objects(data, start)
            if objects is None:
                raise _damaged(path)
            found[start] = objects
            start = data.find(HEAP, start + 1)
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


def require_sound_lengths(path: Path, heaps: Heaps, others: Iterator[Extent]) -> None:
    """Check that no text or list in a heap is stated to have more entries than the file has bytes.

    The HDF5 library reserves memory for the stated length before it compares it with the heap. So
    a damaged file takes at most 8 times its size, for numbers of 8 bytes.

    Args:
        path: the file.
        heaps: as :func:`require_sound_heaps` finds them.
        others: parts of the file that contain numbers, looked at when there is a doubt.

    Raises:
        InputError: otherwise.
    """
    found = _too_long(path, heaps) if heaps else []
    for start, size in others if found else ():
        found = [place for place in found if not start <= place < start + size]
    if found:
        raise _damaged(path)


def _too_long(path: Path, heaps: Heaps) -> list[int]:
    """Places of references to an object of a heap: length (4 bytes), heap (8), object (4)."""
    data = np.fromfile(path, np.uint8)
    places = np.array(list(heaps))
    found: list[int] = []
    for shift in range(4):
        words = data[shift : shift + (len(data) - shift) // 4 * 4].view("<u4")
        first = np.flatnonzero(words[2:-1] == 0)  # the upper half of the heap's place
        first = first[words[first] > len(data)]
        first = first[np.isin(words[first + 1], places)]
        found += [4 * k + shift for k in first.tolist() if _is_object(words, k, heaps)]
    return found


def _is_object(words: NDArray[Any], first: int, heaps: Heaps) -> bool:
    return int(words[first + 3]) in heaps[int(words[first + 1])]


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path}: expected a complete HDF5 file, received one whose texts are cut short or "
        "damaged; fetch or make it again"
    )
