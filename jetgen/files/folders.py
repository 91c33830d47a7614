"""Folders for results."""

from __future__ import annotations

import os
from pathlib import Path

from jetgen.errors import InputError


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless they are there.

    Raises:
        InputError: when a file or a link to nothing stands in the place of one of them.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        place = next(p for p in (folder, *folder.parents) if os.path.lexists(p) and not p.is_dir())
        found = "a file"
        if place.is_symlink() and not place.exists():
            found = f"a link to {place.readlink()}, which is not there"
        raise InputError(
            f"{place}: expected a folder or a new name, received {found}; choose another name, or "
            "remove it"
        ) from error
