"""Compiled libraries that print banners, kept off the standard output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def silent() -> Iterator[None]:
    """Drop what is printed to stdout, by compiled code too (Pythia's and FastJet's banners)."""
    with Path(os.devnull).open("w") as nowhere:
        before = os.dup(1)
        try:
            os.dup2(nowhere.fileno(), 1)
            yield
        finally:
            os.dup2(before, 1)
            os.close(before)
