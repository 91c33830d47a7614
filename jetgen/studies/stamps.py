"""What a study has made: recorded in its folder, and all that it ever removes there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from jetgen.errors import InputError, some
from jetgen.files.chunks import chunks_of
from jetgen.files.folders import make_folder
from jetgen.files.whole import write_json
from jetgen.runs.folder import RunFolder
from jetgen.studies.definition import Step

_STAMPS = "steps.json"
_UNUSED = "unused"
DONE, BEGUN = "done", "begun"


class Stamp(NamedTuple):
    """What made an output.

    Args:
        key: the hash of its step.
        state: ``DONE`` or ``BEGUN``.
        files: the files in the output when the step was done, if it is a folder and no run.
    """

    key: str
    state: str
    files: tuple[str, ...] = ()


class Stamps:
    """A file with the stamp of each output.

    Args:
        folder: the folder of the study: new, empty, or with this file.

    Raises:
        InputError: for any other folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / _STAMPS
        self.known: dict[str, Stamp] = {}
        if self.path.exists():
            self.known = self._read()
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                f"{folder}: expected a new or empty folder, or one of this study (with "
                f"{_STAMPS}), found something else; choose another `output`"
            )

    def _read(self) -> dict[str, Stamp]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            known = {
                str(made): Stamp(str(key), str(state), tuple(map(str, *files)) if files else ())
                for made, (key, state, *files) in found.items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self.path}: expected a list of finished steps, found something else; "
                "choose another `output`"
            ) from error
        for made in known:
            if self.folder.resolve() not in Path(made).resolve().parents:
                raise InputError(
                    f"{self.path}: expected outputs in {self.folder}, received {made}; if the "
                    "folder was moved, move it back, or choose another `output`"
                )
        return known

    def require_own(self, step: Step) -> None:
        """Raise :class:`InputError` if a step would replace what the study did not make."""
        if self.folder.resolve() not in step.makes.resolve().parents:
            raise InputError(
                f"{step.makes}: expected an output in the study's folder "
                f"{self.folder}; write {{folder}}/NAME in its command"
            )
        if step.makes.exists() and step.makes.as_posix() not in self.known:
            raise InputError(
                f"{step.makes}: expected no such path, or an output of this study, found "
                "something else; move it away, or choose another `output`"
            )

    def require_no_other(self, step: Step) -> None:
        """Raise :class:`InputError` if a folder that will be made again has files of others."""
        is_own = self._is_own(step.makes)
        others = [name for name in _files(step.makes) if not is_own(name)]
        if others:
            raise InputError(
                f"{step.makes}: expected only what this study has made, as the step that made it "
                f"has changed, found {some(sorted(others))}; move it away, or choose another "
                "`output`"
            )

    def _is_own(self, output: Path) -> Callable[[str], bool]:
        """Whether a file of an output is one that a step has made, by its name in the folder."""
        recorded: set[str] = set()
        for made, stamp in self.known.items():
            if Path(made).is_relative_to(output):
                within = Path(made).relative_to(output)
                recorded |= {(within / name).as_posix() for name in ("", *stamp.files)}
        return lambda name: name in recorded or RunFolder.is_of_training(name)

    def remove(self, step: Step) -> None:
        """Remove the output of a step, and its chunks, and no files of others."""
        remove(step.makes, self._is_own(step.makes))
        remove(chunks_of(step.makes), lambda name: True)

    def set_aside(self, steps: Sequence[Step]) -> None:
        """Move outputs that no step makes to ``unused/``, and back those that one makes again."""
        aside = self.folder / _UNUSED
        for made in self.known.keys() - {step.makes.as_posix() for step in steps}:
            _move(Path(made), aside / self._place(Path(made)))
        for step in steps:
            if not step.makes.exists():
                _move(aside / self._place(step.makes), step.makes)

    def _place(self, output: Path) -> Path:
        return output.resolve().relative_to(self.folder.resolve())

    def state(self, step: Step, key: str) -> str | None:
        stamp = self.known.get(step.makes.as_posix())
        return stamp.state if stamp is not None and stamp.key == key else None

    def set(self, step: Step, key: str, state: str) -> None:
        known_by_name = state == BEGUN or RunFolder(step.makes).exists()
        files = [] if known_by_name else _files(step.makes)
        self.known[step.makes.as_posix()] = Stamp(key, state, tuple(files))
        write_json(self.path, self.known)


def _files(folder: Path) -> list[str]:
    """The files below a folder, by their paths in it; none for a file."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    ]


def remove(output: Path, is_own: Callable[[str], bool]) -> None:
    """Remove a file, or those files of a folder that are one's own and the folders left empty."""
    if not output.is_dir():
        output.unlink(missing_ok=True)
        return
    for name in filter(is_own, _files(output)):
        (output / name).unlink()
    folders = sorted((path for path in output.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*folders, output):
        if not any(folder.iterdir()):
            folder.rmdir()


def _move(output: Path, target: Path) -> None:
    """Move an output, if it is there.

    Raises:
        InputError: when there is something at the target.
    """
    if output.exists():
        if target.exists():
            raise InputError(
                f"{target}: expected no such path, to move {output} there, found one; move it away"
            )
        make_folder(target.parent)
        output.replace(target)
