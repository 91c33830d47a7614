"""Atomic writing: files are complete or absent, also after an interruption."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jetgen.errors import InputError
from jetgen.files.lock import HAS_LOCKS, locked


@contextmanager
def whole_file(path: str | Path, *, alone: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    The data are flushed to disk before the rename. If the block raises, the temporary file is
    removed and ``path`` keeps its previous content (or remains absent). Temporary files of
    processes that died earlier are removed.

    Args:
        path: the file.
        alone: refuse if another process is writing the file, instead of waiting for it.

    Raises:
        InputError: for a folder, device or pipe, which a rename would replace; with ``alone``, if
            another process is writing the file.
        OSError: when it cannot be written, for example on a full disk; it names the file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device or pipe"
        raise InputError(f"{path}: expected the name of a file to write, received {kind}")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_of(path)
    with locked(path, wait=not alone):
        if HAS_LOCKS:  # the processes that wrote these are dead
            for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
                left.unlink(missing_ok=True)
        try:
            yield temporary
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
        except OSError as error:
            if error.errno and error.filename is None:  # a full disk says what, not where
                error.filename = str(path)
            raise
        finally:
            temporary.unlink(missing_ok=True)


def partial_of(path: Path) -> Path:
    """The temporary file of this process, which becomes ``path``."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


@contextmanager
def whole_set(folder: Path, name: str) -> Iterator[Path]:
    """Yield a hidden folder in ``folder``; when the block succeeds, move its files up together.

    They replace files of the same names in ``folder``; other files stay. If the block raises or
    its process is killed, ``folder`` keeps all its files as they were. Pages are moved first: after
    a kill meanwhile, they tell the next run that the others are those of jetgen. Hidden folders of
    processes that died earlier are removed.

    Args:
        folder: the folder for the files.
        name: of the set, in the name of the hidden folder.
    """
    temporary = folder / f".{name}.{os.getpid()}.partial"
    with locked(folder / name, wait=True):
        if HAS_LOCKS:  # the processes that wrote these are dead
            for left in folder.glob(f".{glob.escape(name)}.*.partial"):
                shutil.rmtree(left)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            files = (path for path in temporary.rglob("*") if path.is_file())
            for file in sorted(files, key=lambda path: (path.suffix != ".html", path)):
                target = folder / file.relative_to(temporary)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
        finally:
            shutil.rmtree(temporary)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as indented JSON to ``path`` atomically."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+:/")
"""The beginning of ``s3://...``, of which :class:`Path` keeps one slash; not that of ``C:/``."""


def as_path(value: Any, name: str) -> Path:
    """The path that a text or path names.

    Raises:
        InputError: for anything else, such as ``s3://...``; the message begins with ``name``.
    """
    if not isinstance(value, str | os.PathLike):
        kind = type(value).__name__
        raise InputError(f"{name}: expected the path of a file or folder, received a {kind}")
    if _ADDRESS.match(os.fspath(value)):
        raise InputError(
            f"{name}: expected the path of a file or folder, received the address {value}; copy "
            "the files, or mount the storage as a folder"
        )
    return Path(value)


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's content, computed once in a process while it stays."""
    resolved = Path(path).resolve()
    known = resolved.stat()
    return _sha256(resolved, known.st_size, known.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """The hash of a file that had this size and time of change when it was asked for."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
