"""Lossless compression of named arrays: narrow integers, byte planes, zstandard."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import InputError
from jetgen.extras import require_package

zstandard = require_package("zstandard")

Arrays = Mapping[str, NDArray[np.generic]]

_LEVEL = 9


def pack(arrays: Arrays) -> bytes:
    r"""Compress arrays to one zstandard frame with a checksum.

    Signed integers are mapped to unsigned ones by :math:`u = 2 |v| - [v < 0]`, which keeps small
    magnitudes small, and are stored with the fewest bytes that can represent the largest. The bytes
    of each array are arranged in planes, all lowest bytes first, so that similar bytes are
    adjacent. Each plane ends a block of the frame, so that every plane has its own Huffman code.
    """
    described, planes = [], []
    for name, values in arrays.items():
        signed = bool(np.issubdtype(values.dtype, np.signedinteger))
        stored = _unsigned(values) if signed else values
        described.append([name, stored.dtype.str, list(values.shape), signed])
        flat = np.ascontiguousarray(stored).reshape(-1)
        planes += [plane.tobytes() for plane in flat.view(np.uint8).reshape(-1, stored.itemsize).T]
    text = json.dumps(described).encode()
    content = [len(text).to_bytes(4, "little") + text, *planes]
    frame = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj(
        size=sum(map(len, content))
    )
    blocks = [
        frame.compress(part) + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for part in content
    ]
    return b"".join([*blocks, frame.flush()])


def unpack(frame: bytes) -> dict[str, NDArray[np.generic]]:
    """The inverse of :func:`pack`; signed integers are returned as int64.

    Raises:
        InputError: when the frame is damaged.
    """
    try:
        content = zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise InputError(
            f"expected an intact zstandard frame, received a damaged one: {error}"
        ) from (error)
    length = int.from_bytes(content[:4], "little")
    position = 4 + length
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, code, shape, signed in json.loads(content[4:position]):
        dtype, size = np.dtype(code), int(np.prod(shape))
        planes = np.frombuffer(content, np.uint8, size * dtype.itemsize, position)
        rows = np.array(planes.reshape(dtype.itemsize, size).T, order="C")
        stored = rows.view(dtype).reshape(shape)
        arrays[name] = _signed(stored) if signed else stored
        position += size * dtype.itemsize
    return arrays


def _unsigned(values: NDArray[np.generic]) -> NDArray[np.generic]:
    wide = values.astype(np.int64)
    unsigned = ((wide << 1) ^ (wide >> 63)).astype(np.uint64)
    return unsigned.astype(np.min_scalar_type(int(unsigned.max(initial=0))))


def _signed(values: NDArray[np.generic]) -> NDArray[np.int64]:
    wide = values.astype(np.uint64)
    return (wide >> np.uint64(1)).astype(np.int64) ^ -(wide & np.uint64(1)).astype(np.int64)
