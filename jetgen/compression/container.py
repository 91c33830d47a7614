"""The file of compressed jets: magic number, header, frames, and counts.

All lengths are 32-bit little-endian integers::

    b"JGZ\\x02"  length  header (JSON)  { length  frame (zstandard) }  0  length  counts (JSON)

A file without counts at its end is incomplete. The counts contain the SHA-256 of the header, which
no checksum of zstandard protects; files of jetgen 0.2 and before have none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from jetgen.compression.packing import Arrays, unpack
from jetgen.datasets.guarded_source import as_input_errors
from jetgen.errors import InputError

MAGIC = b"JGZ\x02"
"""Name and version of the format."""

DIGEST = "header_sha256"
"""Name of the header's SHA-256 among the counts."""


class Writer:
    """Streams frames to an open file.

    Args:
        file: the open file.
        header: everything that decoding needs, stored as JSON.
    """

    def __init__(self, file: BinaryIO, header: dict[str, Any]) -> None:
        self.file = file
        file.write(MAGIC)
        text = json.dumps(header).encode()
        self._digest = _sha256(text)
        self._block(text)

    def append(self, frame: bytes) -> None:
        """Write a frame, as :func:`~jetgen.compression.packing.pack` makes it."""
        self._block(frame)

    def finish(self, counts: dict[str, int]) -> None:
        """Write the end of the file, with the total counts of the frames."""
        self._block(b"")
        self._block(json.dumps({**counts, DIGEST: self._digest}).encode())

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
            header = self._start(file)
            number = 0
            while frame := self._block(file):
                try:
                    with as_input_errors(self.path):
                        arrays = unpack(frame)
                except InputError as error:
                    raise InputError(f"{self.path}, frame {number}: {error}") from error
                yield arrays
                number += 1
            counts = self._json(self._block(file))
        if counts.pop(DIGEST, _sha256(header)) != _sha256(header):
            raise InputError(f"{self.path}: expected the header as written, received another")
        self.counts = counts

    def _json(self, text: bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(text)
            if isinstance(content, dict):
                return content
        except (ValueError, RecursionError):
            pass  # as below
        raise InputError(f"{self.path}: expected intact JSON, received damaged JSON")

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


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
