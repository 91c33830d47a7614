"""The folder of this user for files that can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(cache: str | Path | None = None) -> Path:
    """``cache`` if passed, else ``$JETGEN_CACHE``, else ``jetgen`` in the user's cache folder."""
    if cache:
        return Path(cache)
    if chosen := os.environ.get("JETGEN_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jetgen"
