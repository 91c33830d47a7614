"""From paths to files, and from a file to its format: by what it holds, never by its name."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from jetgen.components import FORMATS
from jetgen.datasets.formats.energyflow_npz import archived_shapes
from jetgen.datasets.formats.hdf5 import shapes
from jetgen.datasets.formats.source import Format, Source
from jetgen.errors import InputError

SUFFIXES = (".h5", ".hdf5", ".npz", ".root", ".parquet", ".csv")
"""What is looked for in a folder; a file that is named may be called anything."""

Paths = str | Path | Sequence[str | Path]


def find_files(paths: Paths) -> list[Path]:
    """The files that paths, folders (searched to the bottom) and glob patterns stand for.

    Raises:
        InputError: when one of them stands for no file.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise InputError("expected at least one file, folder or pattern, received none")
    files: list[Path] = []
    for path in map(Path, given):
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
            if not found:
                kinds = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
                raise InputError(f"{path}: expected a folder with {kinds} files, found none")
        elif path.exists():
            found = [path]
        else:
            found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
            if not found:
                raise InputError(
                    f"{path}: expected a file, found none; check the path, or make jets with "
                    "`jetgen simulate`"
                )
        files += found
    return files


def detect(path: str | Path) -> Format:
    """The format of a file, recognised by the names and shapes of its arrays.

    Raises:
        InputError: when the file is empty, damaged, or of no known format.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise InputError(f"{path}: expected a file with jets, received an empty file")
    for name in FORMATS:
        form: Format = FORMATS[name]
        if form.matches(path):
            return form
    found = {**shapes(path), **archived_shapes(path)}
    held = ", ".join(f"{name} {shape}" for name, shape in found.items())
    known = "; ".join(f"{form.name}: {form.description}" for form in FORMATS.values())
    raise InputError(
        f"{path}: expected one of the known formats ({known}), received "
        f"{held or 'a file without known arrays, tree or table'}; "
        "convert it, or name another file"
    )


def open_source(path: str | Path, jet_type: str | None = None) -> Source:
    """The jets of one file, whatever its format.

    Raises:
        InputError: as :func:`detect` does, or when the file holds no jets.
    """
    source = detect(path).open(Path(path), jet_type)
    if len(source) == 0 or source.slots == 0:
        raise InputError(f"{path}: expected at least one jet, received a file with none")
    return source
