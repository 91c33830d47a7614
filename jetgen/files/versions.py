"""Versions of the file formats that jetgen writes and reads."""

from __future__ import annotations

from pathlib import Path

from jetgen.errors import InputError

VERSION_KEY = "jetgen_format"
"""Key of the version in checkpoints, config.yaml and HDF5 files."""

CHECKPOINT_FORMAT = 4
"""Version 2 is the first that contains its number and the start of each stage; 3 has its number
in the state, so that equal content gives equal bytes; 4 has a checksum."""

CHECKSUMMED = 4
"""The first version of checkpoints with a checksum."""

CONFIG_FORMAT = 2
"""Version 2 is the first that carries its number."""

HDF5_FORMAT = 2
"""Version 2 is the first that carries its number."""


def check_version(path: str | Path, found: int, newest: int) -> None:
    """Refuse files of a newer format version; all older versions are supported.

    Files without a version have version 1.

    Raises:
        InputError: for a version above ``newest``.
    """
    if found > newest:
        raise InputError(
            f"{path}: written by a newer jetgen (format {found}), this one reads up to format "
            f"{newest}; update jetgen"
        )
