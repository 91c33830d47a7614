"""Suppression of the banners that compiled libraries print to standard output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def silent() -> Iterator[None]:
    """Discard output to stdout, also of compiled code (the banners of Pythia and FastJet)."""
    with Path(os.devnull).open("w") as nowhere:
        before = os.dup(1)
        try:
            os.dup2(nowhere.fileno(), 1)
            yield
        finally:
            os.dup2(before, 1)
            os.close(before)
