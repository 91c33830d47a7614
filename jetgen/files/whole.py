"""Atomic writing: files are complete or absent, also after an interruption."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from jetgen.errors import InputError
from jetgen.files.folders import make_folder
from jetgen.files.lock import HAS_LOCKS, locked


@contextmanager
def whole_file(path: str | Path, *, alone: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    A link is followed, and remains a link. The data are flushed to disk before the rename. If the
    block raises, the temporary file is removed and ``path`` keeps its previous content (or remains
    absent). Temporary files of processes that died earlier are removed.

    Args:
        path: the file.
        alone: refuse if another process is writing the file, instead of waiting for it.

    Raises:
        InputError: for a folder, device or pipe, which a rename would replace; with ``alone``, if
            another process is writing the file.
        OSError: when it cannot be written, for example on a full disk; it names the file.
    """
    path = Path(path)
    if path.is_symlink():
        path = path.resolve()
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device or pipe"
        raise InputError(f"{path}: expected the name of a file to write, received {kind}")
    make_folder(path.parent)
    temporary = partial_of(path)
    with locked(path, wait=not alone):
        if HAS_LOCKS:
            for left in _partial(path):
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


def _partial(path: Path) -> list[Path]:
    """All that became no ``path``; while it is locked, the processes that wrote it are dead."""
    form = re.compile(rf"\.{re.escape(path.name)}\.\d+\.partial")
    return [left for left in path.parent.glob(".*.partial") if form.fullmatch(left.name)]


def remove_dead(folder: Path) -> None:
    """Remove the partial files and lock files that killed processes have left in a folder."""
    for lock in folder.glob(".*.lock"):
        path = lock.with_name(lock.name.removeprefix(".").removesuffix(".lock"))
        with suppress(InputError, OSError), locked(path):  # held by another, or not ours to remove
            for left in _partial(path):
                left.unlink()


@contextmanager
def whole_set(
    folder: Path, name: str, former: Callable[[], Iterable[str]] = list
) -> Iterator[Path]:
    """Yield a hidden folder in ``folder``; when the block succeeds, move its files up together.

    They replace those of the ``former`` set, and files of their names; other files stay. If the
    block raises or its process is killed, ``folder`` keeps all its files as they were. The former
    page is removed before any file is moved, and the new one is moved last: after a kill meanwhile
    no page lies beside files of another one, and the next set moves the rest first. Hidden folders
    of processes that died earlier are removed.

    Args:
        folder: the folder for the files.
        name: of the set, in the name of the hidden folder.
        former: returns the files of the former set in ``folder``, relative to it.

    Raises:
        InputError: when a link stands in place of the hidden folder.
    """
    temporary, complete = folder / f".{name}.{os.getpid()}.partial", complete_set(folder, name)
    with locked(folder / name, wait=True):
        if HAS_LOCKS:
            for left in _partial(folder / name):
                shutil.rmtree(left)
        if complete.is_symlink():
            raise InputError(
                f"{complete}: expected what is left of an interrupted command, received a link; "
                "remove it"
            )
        if complete.exists():
            _move_up(complete, folder)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            (temporary / _FORMER).write_text(json.dumps(list(former())), encoding="utf-8")
            temporary.rename(complete)
        except BaseException:
            shutil.rmtree(temporary)
            raise
        _move_up(complete, folder)


def complete_set(folder: Path, name: str) -> Path:
    """The hidden folder while its files are moved up; nothing but a kill leaves one behind."""
    return folder / f".{name}.complete"


_FORMER = ".former.json"
"""File in the hidden folder with the names of the former set, until they are removed."""


def _move_up(new: Path, folder: Path) -> None:
    """Move the files of a set to their places, or the rest of them."""
    names = sorted(path.relative_to(new) for path in new.rglob("*") if path.is_file())
    names = [path for path in names if path.name != _FORMER]
    pages = [path for path in names if path.suffix == ".html"]
    others = [path for path in names if path not in pages]
    if (new / _FORMER).exists():  # nothing has been moved yet
        for path in (*pages, *(path for path in _former(new, folder) if path not in names)):
            if (folder / path).is_file():
                (folder / path).unlink()
        (new / _FORMER).unlink()
    for path in (*others, *pages):
        make_folder((folder / path).parent)
        (new / path).replace(folder / path)
    shutil.rmtree(new)


def _former(new: Path, folder: Path) -> list[Path]:
    """The names of the former set; what lies outside of ``folder``, also by a link, is not its own.

    A folder that comes from elsewhere may name anything.
    """
    try:
        paths = [Path(name) for name in json.loads((new / _FORMER).read_text(encoding="utf-8"))]
    except (ValueError, TypeError):
        return []  # damaged
    inside = folder.resolve()
    return [path for path in paths if (folder / path).resolve().is_relative_to(inside)]


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
