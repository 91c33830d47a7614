"""One process at a time for a file or folder; a dead process holds no lock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jetgen.errors import InputError
from jetgen.files.folders import make_folder

try:
    import fcntl
except ImportError:  # not on Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other processes from ``path`` within the block, by a lock on ``.NAME.lock`` beside it.

    The system releases the lock when its process ends, however it ends, and on a network file
    system too. The lock file is removed afterwards, and
    so are folders that were made for it and stayed empty. Without ``fcntl`` nothing is locked.

    Args:
        path: the file or folder; it need not exist.
        wait: wait for another process instead of refusing.

    Raises:
        InputError: when another process holds the lock, and ``wait`` is false, or for ``/``.
    """
    if not HAS_LOCKS:
        yield
        return
    path = path if path.name else path.resolve()  # of the current folder
    if not path.name:
        raise InputError(f"{path}: expected a file or folder with a name")
    file = lock_file(path)
    made = [folder for folder in file.parents if not folder.exists()]
    held = _acquire(path, file, wait)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)  # while it is held: a later file may be another's lock
        os.close(held)
        with suppress(OSError):  # of a folder that has got content
            for folder in made:
                folder.rmdir()


def lock_file(path: Path) -> Path:
    """The file whose lock is that of ``path``; nothing but a kill leaves one behind."""
    return path.with_name(f".{path.name}.lock")


def remove_dead_lock(path: Path) -> None:
    """Remove the lock file of ``path`` that a killed process has left, if there is one."""
    if lock_file(path).exists():
        with suppress(InputError, OSError), locked(path):  # held by another, or not ours to remove
            pass


_ATTEMPTS = 100
"""How often a folder is made again that another process removed, as it was empty."""


def _acquire(path: Path, file: Path, wait: bool) -> int:
    while True:
        opened = _opened(file)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            with suppress(FileNotFoundError):  # its holder has removed it meanwhile
                if os.path.samestat(os.fstat(opened), file.stat()):
                    return opened
        except BlockingIOError as error:
            os.close(opened)
            raise InputError(
                f"{path}: expected to be the only process that writes it, found another one; "
                "wait for it, or choose another name"
            ) from error
        except BaseException:
            os.close(opened)
            raise
        os.close(opened)


def _opened(file: Path) -> int:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            make_folder(file.parent)
            return os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
