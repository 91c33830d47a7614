"""Where the data files of a run are: noted by its training, found again when either has moved."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jetgen.datasets.detection import Paths, detect, find_files, made_by
from jetgen.errors import InputError
from jetgen.files.whole import sha256


class Place(NamedTuple):
    """A data file of a run at the time of its training.

    Of runs of jetgen 0.1 and 0.2 only the first two are known.

    Args:
        name: the path as the options gave it.
        sha256: of its content.
        absolute: its absolute path.
        relative: its path from the folder of the run, with ``/`` between folders.
        bytes: its size.
        format: the name of its format.
        command: of jetgen, which made it, if its attributes name it.
    """

    name: str
    sha256: str
    absolute: str | None = None
    relative: str | None = None
    bytes: int | None = None
    format: str | None = None
    command: str | None = None

    def __str__(self) -> str:
        size = "" if self.bytes is None else f"{self.bytes} bytes, "
        return f"{size}SHA-256 {self.sha256}"

    def holds(self, file: Path) -> bool:
        """Whether the content of a file is that of this one."""
        return self.bytes in (None, file.stat().st_size) and sha256(file) == self.sha256

    def candidates(self, run: Path) -> list[Path]:
        """Where the file may be: where it was, as far from the folder of the run, by its name."""
        paths = [self.absolute, self.name]
        if self.relative is not None:
            paths.insert(1, os.path.normpath(run.resolve() / self.relative))
        return list(dict.fromkeys(Path(path).absolute() for path in paths if path is not None))


def places(paths: Paths, run: Path) -> list[Place]:
    """The files that paths, folders and patterns stand for, in the order in which they are read.

    Args:
        paths: as the options give them.
        run: the folder of the run, from which the relative paths lead.
    """
    return [
        Place(
            name=str(file),
            sha256=sha256(file),
            absolute=str(file.absolute()),
            relative=_relative(file.resolve(), run.resolve()),
            bytes=file.stat().st_size,
            format=detect(file).name,
            command=made_by(file),
        )
        for file in find_files(paths)
    ]


def _relative(file: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return file.as_posix()


def written(places: Sequence[Place]) -> dict[str, Any]:
    """What ``environment.json`` has of them: the hashes by name, and all else in a list."""
    files = [place._asdict() for place in places]
    return {"data": {file["name"]: file.pop("sha256") for file in files}, "files": files}


def noted(environment: Mapping[str, Any]) -> list[Place]:
    """The inverse of :func:`written`; runs of jetgen 0.1 and 0.2 have the hashes alone.

    Raises:
        KeyError, TypeError: when the content is another.
    """
    hashes = environment["data"]
    files = environment.get("files", [{"name": name} for name in hashes])
    found = [Place(sha256=hashes[file["name"]], **file) for file in files]
    for name, value in (pair for place in found for pair in place._asdict().items()):
        if not isinstance(value, (int if name == "bytes" else str) | None):
            raise TypeError(f"{name}: expected another type, received {value!r}")
    return found


def located(places: Sequence[Place], run: Path, given: Paths = ()) -> list[Path]:
    """The files of a run where they are now, in the order of its training.

    A file is recognised by its size and SHA-256, so it may have another name.

    Args:
        places: the files as the run notes them.
        run: its folder as it is named now.
        given: files, folders or patterns to look among first, all of which must be the run's.

    Raises:
        InputError: when a file is nowhere, or another is in its place, or among ``given``.
    """
    chosen = find_files(given) if given else []
    own = [next(filter(place.holds, chosen), None) for place in places]
    for file in chosen:
        if file not in own:
            missing = [p for p, found in zip(places, own, strict=True) if found is None] or places
            more = f" or one of {len(missing) - 1} more" if len(missing) > 1 else ""
            raise InputError(
                f"data: expected {missing[0].name} that {run} was trained on ({missing[0]}){more}, "
                f"received {file} ({_described(file)}); name the files of that training"
            )
    files = [file or _in_place(p, run) for p, file in zip(places, own, strict=True)]
    for place, file in zip(places, files, strict=True):
        _require_class(place, file)
    return files


def _in_place(place: Place, run: Path) -> Path:
    candidates = place.candidates(run)
    existing = [file for file in candidates if file.is_file()]
    for file in existing:
        if place.holds(file):
            return file
    if existing:
        raise InputError(
            f"{existing[0]}: expected the file that {run} was trained on ({place}), found another "
            f"({_described(existing[0])}); put that file back, name it with data=FILE, or train "
            "anew"
        )
    raise InputError(
        f"data: expected {place.name}, which {run} was trained on, at "
        f"{' or '.join(map(str, candidates))}, found none; name it where it is now with data=FILE"
    )


def _described(file: Path) -> str:
    return f"{file.stat().st_size} bytes, SHA-256 {sha256(file)}"


def _require_class(place: Place, file: Path) -> None:
    """Refuse a new name that gives jets another class, where the format has it in the name."""
    name = Path(place.name).name
    if file.name == name:
        return
    class_in_name = detect(file).class_in_name
    if class_in_name(file) != class_in_name(Path(name)):
        raise InputError(
            f"{file}: expected the name {name} as in the training, since in this format the name "
            "of a file gives the class of its jets; rename it"
        )
