"""The texts of any length in an HDF5 file, whose places the library does not check."""

from __future__ import annotations

import mmap
from pathlib import Path

from jetgen.errors import InputError

HEAP = b"GCOL\x01\0\0\0"
"""The first bytes of such a part, a global heap collection."""

LARGEST = 2**26
"""Size in bytes of files above which they are not searched, as it takes long."""


def require_sound_heaps(path: Path) -> None:
    """Check that the objects of each heap fill it; the HDF5 library would search others for ever.

    Raises:
        InputError: otherwise.
    """
    if not 0 < path.stat().st_size <= LARGEST:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data.find(HEAP)
        while start >= 0:
            if not _is_sound(data, start):
                raise InputError(
                    f"{path}: expected a complete HDF5 file, received one whose texts are "
                    "cut short or damaged; fetch or make it again"
                )
            start = data.find(HEAP, start + 1)


def _is_sound(data: mmap.mmap, start: int) -> bool:
    """Whether the objects follow each other to the end of the heap, or to its free space."""
    end, place = start + _number(data, start + 8, 8), start + 16
    if end > len(data):
        return False
    while place + 16 <= end:
        size = _number(data, place + 8, 8)
        if not _number(data, place, 2):  # free space, whose size counts its 16 bytes
            return place + size == end
        place += 16 + (size + 7) // 8 * 8
    return place <= end


def _number(data: mmap.mmap, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
