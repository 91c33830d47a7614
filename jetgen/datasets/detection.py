"""Search for files, and detection of the format of a file by its content, not by its name."""

from __future__ import annotations

import glob
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from jetgen.components import FORMATS
from jetgen.datasets.formats.csv_table import first_lines
from jetgen.datasets.formats.grouped_table import GroupedTable
from jetgen.datasets.formats.hdf5 import checked_once
from jetgen.datasets.formats.recognition import SET, TREE, suggestion
from jetgen.datasets.formats.root_table import RootSource
from jetgen.datasets.formats.source import Format, Source
from jetgen.datasets.formats.table import TableSource
from jetgen.datasets.guarded_source import GuardedSource, as_input_errors
from jetgen.errors import InputError, InputWarning
from jetgen.files.whole import as_path, sha256

SUFFIXES = (".h5", ".hdf5", ".hdf", ".npz", ".npy", ".root", ".parquet", ".csv")
"""Suffixes of the files read from a folder; a file that is passed by name may have any suffix."""

FOREIGN = {
    b"PK\x03\x04": ("a zip archive without arrays of NumPy", "unpack it and name the files in it"),
    b"\x1f\x8b": ("a gzip archive", "unpack it (gunzip, tar xf) and name the files in it"),
    b"\x80": ("a pickle", "save the arrays with numpy.savez, or as Parquet"),
    b"{": ("JSON", "write the jets to Parquet: ak.to_parquet(ak.from_json(...), ...)"),
    b"\xff\xfe": ("text in UTF-16", "save it in UTF-8"),
    b"%PDF": ("a PDF document", "name a file with numbers"),
    b"<": ("a page or XML text", "is it the error of a failed download? fetch it again"),
}
"""First bytes of files that are not jets but may be passed by mistake: description and advice."""

Paths = str | Path | Sequence[str | Path]


def find_files(paths: Paths) -> list[Path]:
    """The files given by paths, folders (searched recursively) and glob patterns.

    Raises:
        InputError: when one of them does not match any file.
    """
    given = list(paths) if isinstance(paths, list | tuple) else [paths]
    if not given:
        raise InputError("expected at least one file, folder or pattern, received none")
    files: list[Path] = []
    for path in [as_path(each, "paths") for each in given]:
        path = path.expanduser()
        if str(path) == "-":
            raise InputError("-: expected a file, received the standard input; name a file")
        if (path / "config.yaml").is_file() and (path / "checkpoints").is_dir():
            raise InputError(
                f"{path}: expected files with jets, received the folder of a run; name the file "
                f"that `jetgen generate` wrote, such as {path / 'generated.h5'}"
            )
        if path.is_dir():
            found = _in_folder(path)
        elif path.exists():
            found = [path]
        else:
            found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
            if not found:
                raise InputError(
                    f"{path}: expected a file, found none; check the path, or make jets with "
                    "`jetgen simulate`" + _advice_on_tree(path)
                )
            found = [
                file
                for match in found
                for file in (_in_folder(match) if match.is_dir() else [match])
            ]
        files += found
    for file in files:
        if not file.exists():
            raise InputError(
                f"{file}: expected a file, found a link to {file.readlink()}, which is not there; "
                "fetch it, or remove the link"
            )
    return _each_once(files)


def _advice_on_tree(path: Path) -> str:
    """For ``FILE.root:TREE``, as in uproot, what to write instead."""
    file, _, tree = str(path).rpartition(":")
    return f"; {suggestion({TREE: tree})} names the tree of {file}" if Path(file).is_file() else ""


def _in_folder(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders, without hidden folders."""
    every = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and (file.is_file() or file.is_symlink())
        if not file.is_dir()
    )
    found = [
        file
        for file in every
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not found:
        kinds = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise InputError(f"{folder}: expected a folder with {kinds} files, found none")
    if len(found) < len(every):
        _warn(f"{folder}: {len(every) - len(found)} hidden files are ignored")
    return found


def _each_once(files: Sequence[Path]) -> list[Path]:
    """The files without duplicates and copies of other files."""
    places: dict[Path, Path] = {}
    for file in files:
        places.setdefault(file.resolve(), file)
    if len(places) < len(files):
        _warn(f"{len(files) - len(places)} of {len(files)} files are named twice and read once")
    sizes = Counter(file.stat().st_size for file in places)
    known: dict[str, Path] = {}
    kept = []
    for file, path in places.items():
        if sizes[file.stat().st_size] > 1:
            first = known.setdefault(sha256(file), path)
            if first is not path:
                _warn(f"{path}: a copy of {first}, read once")
                continue
        kept.append(path)
    return kept


def _warn(message: str) -> None:
    warnings.warn(message, InputWarning, stacklevel=2)


def detect(path: str | Path) -> Format:
    """The format of a file, detected from the names and shapes of its arrays.

    Raises:
        InputError: when there is no such file, or it is empty, damaged, or of no known format.
    """
    path = as_path(path, "path").expanduser()
    if not path.is_file():
        found = "a folder" if path.is_dir() else "none"
        raise InputError(f"{path}: expected a file, found {found}; check the path")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: expected a file with jets, received an empty file")
    with checked_once():
        for general in (False, True):
            for name in FORMATS:
                form: Format = FORMATS[name]
                if form.general is general:
                    with as_input_errors(path):
                        matches = form.matches(path)
                    if matches:
                        return form
    raise InputError(f"{path}: {_what_it_is(path)}")


def _what_it_is(path: Path) -> str:
    """Description of a file of unknown format, with advice."""
    with path.open("rb") as file:
        start = file.read(1024)
    if start.startswith(b"\x89HDF"):
        return "expected arrays of numbers, received an HDF5 file without any"
    for magic, (kind, advice) in FOREIGN.items():
        if start.startswith(magic):
            return f"expected a file of jets, received {kind}; {advice}"
    if b"\0" in start:
        return (
            "expected a file of jets, received one of unknown kind; jets are read from HDF5, "
            "ROOT, Parquet, NumPy and CSV files"
        )
    _, lines = first_lines(path)
    if not lines:
        return "expected text in UTF-8, received none, or one in another encoding; save it in UTF-8"
    shown = " and ".join(repr(ascii(line[:60])[1:-1]) for line in lines)
    return (
        "expected a table with a line of names over rows of numbers, received a text that begins "
        f"with {shown}; add names such as px,py,pz above the numbers, one for each, and write "
        "numbers with decimal points"
    )


def sha256_of(paths: Paths) -> str | dict[str, str]:
    """The SHA-256 of one file, or of each file given by paths, folders and patterns."""
    found = hashes(paths)
    return next(iter(found.values())) if len(found) == 1 else found


def hashes(paths: Paths) -> dict[str, str]:
    """The SHA-256 of each file given by paths, folders and patterns."""
    return {str(file): sha256(file) for file in find_files(paths)}


def made_by(path: Path) -> str | None:
    """The command of jetgen that made a file (``simulate``, ``cluster``), if its attributes say so.

    Raises:
        InputError: as :func:`detect`.
    """
    form = detect(path)
    with as_input_errors(path):
        source = form.open(path, None)
        command = source.attributes.get("command")
        source.close()
    return command if isinstance(command, str) else None


def map_of(paths: Paths, chosen: Mapping[str, str]) -> Mapping[str, str]:
    """The map for additional files: none if they have a published layout."""
    general = [detect(file).general for file in find_files(paths)]
    return chosen if all(general) else {}


def _with_tree(source: Source, name: str) -> RootSource:
    if not isinstance(source, RootSource):
        raise InputError(
            f"{source.path}: expected a ROOT file for {suggestion({TREE: name})}, received another "
            "file; omit it"
        )
    return RootSource(source.path, name)


def open_source(
    path: str | Path,
    jet_type: str | None = None,
    *,
    map: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    conditions: Sequence[str] = (),
    form: Format | None = None,
) -> Source:
    """Open one file of any supported format.

    Args:
        path: the file.
        jet_type: class of the jets if the file does not contain it.
        map: columns that contain the momenta, as for :func:`jetgen.read`.
        columns: features that will be used.
        conditions: conditions that will be used.
        form: the format of the file; detected if it is not given.

    Raises:
        InputError: as :func:`detect`, or when the file contains no jets.
    """
    path = Path(path).expanduser()
    form = detect(path) if form is None else form
    chosen = dict(map or {})
    with as_input_errors(path):
        inner = form.open(path, jet_type)
        if TREE in chosen:
            inner = _with_tree(inner, chosen.pop(TREE))
        if SET in chosen and isinstance(inner, TableSource):
            inner = GroupedTable(inner, chosen.pop(SET))
    source = GuardedSource(inner)
    source.mapped(chosen)
    source.narrowed(columns, conditions)
    if len(source) == 0 or source.slots == 0:
        raise InputError(f"{path}: expected at least one jet, received a file with none")
    source.close()  # not to hold open as many files as are read
    return source
