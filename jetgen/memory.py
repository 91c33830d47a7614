"""Memory that was freed but is still held by the process."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def release_memory() -> None:
    """Give freed memory back to the system, where the C library keeps it: hundreds of MB.

    glibc keeps freed blocks of up to 32 MB, which is what pieces of work consist of. On other
    systems nothing is done.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


@contextmanager
def younger_objects() -> Iterator[None]:
    """Python looks for unreachable objects among those made in this block only.

    Figures consist of many small objects, so that it looks often; where many modules are loaded,
    this takes a quarter of the time of drawing.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
