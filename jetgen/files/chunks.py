"""Finished chunks of an output that is being made, kept beside it until it is complete."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.errors import InputError, InputWarning
from jetgen.files.lock import HAS_LOCKS, lock_file, locked
from jetgen.files.whole import partial_of, whole_file, write_text

Arrays = Mapping[str, NDArray[Any]]

FREE = ("command", "output", "overwrite", "workers", "dask")
"""Entries of a description that may differ when a command goes on; none of them changes a chunk."""

_SECONDS = "seconds_so_far"

_DIGEST = hashlib.sha256().digest_size
"""Bytes of the checksum at the end of a chunk: the archive checks only what is read to its end."""

Identity = dict[str, int]
"""What a file keeps when it gets another name: inode, size and time of change; empty of no file."""


class Chunks:
    """The chunks of an output; those that are finished lie in ``.NAME.parts`` beside it.

    Args:
        path: the output.
        attributes: everything that the chunks depend on.

    Attributes:
        attributes: those of the run that made the first chunk, also after ``resume``.
        finished: to be set to false when the output is not complete, to keep the chunks.
    """

    def __init__(self, path: Path, attributes: Mapping[str, Any]) -> None:
        self.path, self.folder = path, chunks_of(path)
        self.attributes: dict[str, Any] = json.loads(json.dumps(attributes))
        self.finished = True
        self._before, self._started = 0.0, time.perf_counter()

    def __len__(self) -> int:
        """Number of kept chunks, those before the first gap."""
        number = 0
        while self._file(number).is_file():
            number += 1
        return number

    @property
    def seconds(self) -> float:
        """Time spent on the output: in this process, and in former ones until their last chunk."""
        return self._before + time.perf_counter() - self._started

    def stream(self, make: Callable[[int], Iterator[Arrays]]) -> Iterator[Arrays]:
        """All chunks in order: the kept ones, then those that ``make`` yields, kept from now on.

        Args:
            make: yields the chunks from this number on; the same ones whenever it is called.

        Raises:
            InputError: when a kept chunk is damaged.
            OSError: when a chunk cannot be written, for example on a full disk.
        """
        kept = len(self)
        unfinished = _identity(partial_of(self.path))
        self.claim({name: unfinished[name] for name in ("inode",) if name in unfinished})
        for number in range(kept):
            yield self._read(number)
        for number, arrays in enumerate(make(kept), kept):
            if not number:
                write_text(self._note, json.dumps(self.attributes))  # in their order
            chunk = io.BytesIO()  # an archive that cannot be closed on a full disk complains later
            np.savez(chunk, **{_SECONDS: np.float64(self.seconds)}, **arrays)
            data = chunk.getvalue()
            with whole_file(self._file(number)) as temporary:
                temporary.write_bytes(data + hashlib.sha256(data).digest())
            yield arrays

    def resume(self) -> None:
        """Go on after the kept chunks.

        Raises:
            InputError: when they were made with other options or from other inputs.
        """
        try:
            found = json.loads(self._note.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise InputError(
                f"{self._note}: expected the description of an unfinished run, found a damaged "
                "file; begin anew with overwrite=True and without `resume`"
            ) from error
        for name, old, new in _differences(found, self.attributes):
            raise InputError(
                f"{self.path}: expected the options and inputs of its unfinished run, whose chunks "
                f"are in {self.folder}, received {name}={new!r} instead of {old!r}; use the former "
                "ones, or begin anew with overwrite=True and without `resume`"
            )
        self.attributes = found
        self._before = float(self._read(len(self) - 1)[_SECONDS])

    def remove(self) -> None:
        """Remove all kept chunks; a kill meanwhile leaves what :attr:`wrote_output` needs.

        The claim goes to the lock file, which is removed last, and in one step.
        """
        if self.folder.exists():
            if HAS_LOCKS and self._claim.is_file():
                shutil.copyfile(self._claim, lock_file(self.folder))
            self._file(0).unlink(missing_ok=True)  # without it, the others count as none
            for left in self.folder.iterdir():
                if left != self._claim:
                    left.unlink()
            shutil.rmtree(self.folder)

    def claim(self, output: Identity) -> None:
        """Note that a file is, or will be, the output that this run wrote."""
        write_text(self._claim, json.dumps(output))

    @property
    def wrote_output(self) -> bool:
        """Whether the output, if there is one, is what the unfinished run wrote there."""
        now = _identity(self.path)
        return not now or any(
            bool(noted) and noted.items() <= now.items()
            for noted in map(_noted, (self._claim, lock_file(self.folder)))
        )

    @property
    def _note(self) -> Path:
        return self.folder / "note.json"

    @property
    def _claim(self) -> Path:
        return self.folder / "output.json"

    def _file(self, number: int) -> Path:
        return self.folder / f"{number}.npz"

    def _read(self, number: int) -> dict[str, NDArray[Any]]:
        try:
            content = self._file(number).read_bytes()
            data, noted = content[:-_DIGEST], content[-_DIGEST:]
            if hashlib.sha256(data).digest() != noted:
                raise ValueError("its checksum differs")
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                return dict(stored)
        except (ValueError, OSError) as error:
            raise InputError(
                f"{self._file(number)}: expected a finished chunk of {self.path}, found a damaged "
                f"file ({error}); remove it, and the chunks from there on are made again"
            ) from error


def chunks_of(path: Path) -> Path:
    """The folder with the finished chunks of an output."""
    return path.with_name(f".{path.name}.parts")


def may_replace(path: str | Path, *, resume: bool, overwrite: bool) -> bool:
    """Whether an output may be replaced, as :func:`kept_chunks` does.

    With ``overwrite``, any; with ``resume``, the part that an interrupted run wrote itself.
    """
    path = Path(path)
    if overwrite or not resume or path.is_dir():
        return overwrite
    return path.exists() and Chunks(path, {}).wrote_output


@contextmanager
def kept_chunks(
    path: str | Path, attributes: Mapping[str, Any], *, resume: bool, overwrite: bool
) -> Iterator[Chunks]:
    """Yield the :class:`Chunks` of an output; remove them when the block has completed it.

    The block writes the output. If it raises or its process is killed, the finished chunks stay.

    Args:
        path: the output.
        attributes: everything that the chunks depend on, as JSON has it; :data:`FREE` ones aside.
        resume: go on after the chunks of an unfinished run, if there are any.
        overwrite: without ``resume``, remove such chunks.

    Raises:
        InputError: when there are such chunks and neither option is set, when they were made with
            other options or from other inputs, or when another process makes the same output.

    Warns:
        InputWarning: of chunks that are kept.
    """
    chunks = Chunks(Path(path), attributes)
    with locked(chunks.folder):
        found, before = len(chunks), _identity(chunks.path)
        if found and resume:
            chunks.resume()
        elif found and not overwrite:
            raise InputError(
                f"{path}: expected no unfinished run, found {found} finished chunks of one in "
                f"{chunks.folder}; go on with resume=True, or begin anew with overwrite=True"
            )
        else:
            chunks.remove()
        try:
            yield chunks
        except BaseException:
            chunks.finished = False
            raise
        finally:
            kept = len(chunks)
            if kept and (now := _identity(chunks.path)) != before:
                chunks.claim(now)
            if chunks.finished or not kept:
                chunks.remove()
            else:
                further = "" if chunks.wrote_output else " and overwrite=True"
                warnings.warn(
                    f"{path}: {kept} finished chunks are kept in {chunks.folder}; go on with "
                    f"resume=True{further}",
                    InputWarning,
                    stacklevel=3,
                )


def _identity(path: Path) -> Identity:
    if not path.is_file():
        return {}
    found = path.stat()
    return {"inode": found.st_ino, "size": found.st_size, "changed": found.st_mtime_ns}


def _noted(claim: Path) -> Identity:
    """The identity in a claim; empty if there is none, or a damaged one."""
    try:
        noted = json.loads(claim.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _differences(old: Any, new: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The entries of two descriptions that differ, by name, without the free ones."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old | new:
            if key not in FREE:
                yield from _differences(old.get(key), new.get(key), key)
    elif old != new and not (old != old and new != new):
        yield name, old, new
