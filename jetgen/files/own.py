"""Results replace files of an earlier result, and never those of others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jetgen.errors import InputError
from jetgen.files.whole import complete_set

_MARK = b'<meta name="generator" content="jetgen'
"""What each page of jetgen has in its head."""

_HEAD = 4096
"""Bytes of a page that are searched for it."""


def require_own(folder: Path, names: Iterable[str], own: bool | None = None) -> None:
    """Check that files of these names in ``folder`` may be replaced.

    Args:
        folder: the folder of the results.
        names: of the files to be written, relative to it.
        own: whether an earlier result is there; by default if jetgen wrote its ``report.html``, or
            was killed when it put a new one in its place.

    Raises:
        InputError: otherwise.
    """
    there = [folder / name for name in names if (folder / name).exists()]
    if own is None:
        page = "report.html"
        own = any(_is_own(place / page) for place in (folder, complete_set(folder, "report")))
    if there and not own:
        raise InputError(
            f"{there[0]}: expected a new file, or one of an earlier result of jetgen, received "
            "another; choose another name or folder, or move it"
        )


def _is_own(page: Path) -> bool:
    if not page.is_file():
        return False
    with page.open("rb") as file:
        return _MARK in file.read(_HEAD)
