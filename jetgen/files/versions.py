"""The versions of the formats that jetgen writes, and which of them it reads."""

from __future__ import annotations

from pathlib import Path

from jetgen.errors import InputError

VERSION_KEY = "jetgen_format"
"""Under this name a checkpoint, a config.yaml and an HDF5 file carry their version."""

CHECKPOINT_FORMAT = 2
"""Version 2 is the first that carries its number and the start of each stage."""

CONFIG_FORMAT = 2
"""Version 2 is the first that carries its number."""

HDF5_FORMAT = 2
"""Version 2 is the first that carries its number."""


def check_version(path: str | Path, found: int, newest: int) -> None:
    """Refuse a file of a version that this jetgen does not know; all older ones are read.

    Files without a version are of version 1.

    Raises:
        InputError: for a version after ``newest``.
    """
    if found > newest:
        raise InputError(
            f"{path}: written by a newer jetgen (format {found}), this one reads up to format "
            f"{newest}; update jetgen"
        )
