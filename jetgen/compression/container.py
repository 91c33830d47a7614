"""The file of compressed jets: magic number, header, frames, and counts.

All lengths are 32-bit little-endian integers::

    b"JGZ\\x02"  length  header (JSON)  { length  frame (zstandard) }  0  length  counts (JSON)

A file without counts at its end is incomplete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from jetgen.compression.packing import Arrays, unpack
from jetgen.errors import InputError

MAGIC = b"JGZ\x02"
"""Name and version of the format."""


class Writer:
    """Streams frames to an open file.

    Args:
        file: the open file.
        header: everything that decoding needs, stored as JSON.
    """

    def __init__(self, file: BinaryIO, header: dict[str, Any]) -> None:
        self.file = file
        file.write(MAGIC)
        self._block(json.dumps(header).encode())

    def append(self, frame: bytes) -> None:
        """Write a frame, as :func:`~jetgen.compression.packing.pack` makes it."""
        self._block(frame)

    def finish(self, counts: dict[str, int]) -> None:
        """Write the end of the file, with the total counts of the frames."""
        self._block(b"")
        self._block(json.dumps(counts).encode())

    def _block(self, content: bytes) -> None:
        self.file.write(len(content).to_bytes(4, "little"))
        self.file.write(content)


class Reader:
    """Reads a file frame by frame.

    Args:
        path: the file.

    Attributes:
        header: the header passed to the writer.
        counts: the total counts of the frames; available after all frames have been read.

    Raises:
        InputError: when the file does not exist or has another format.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"{path}: expected a file of compressed jets, found no such file")
        with self.path.open("rb") as file:
            self.header = self._json(self._start(file))
        self.counts: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[Arrays]:
        """The arrays of each frame.

        Raises:
            InputError: when a frame is damaged or the file is incomplete.
        """
        with self.path.open("rb") as file:
            self._start(file)
            number = 0
            while frame := self._block(file):
                try:
                    yield unpack(frame)
                except InputError as error:
                    raise InputError(f"{self.path}, frame {number}: {error}") from error
                number += 1
            self.counts = self._json(self._block(file))

    def _json(self, text: bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise InputError(f"{self.path}: expected intact JSON, received damaged JSON") from error
        return content

    def _start(self, file: BinaryIO) -> bytes:
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            raise InputError(
                f"{self.path}: expected a file written by `jetgen compress`, received one that "
                f"begins with {magic!r}"
            )
        return self._block(file)

    def _block(self, file: BinaryIO) -> bytes:
        length = file.read(4)
        content = file.read(int.from_bytes(length, "little"))
        if len(length) < 4 or len(content) < int.from_bytes(length, "little"):
            raise InputError(f"{self.path}: expected a complete file, received an incomplete one")
        return content
