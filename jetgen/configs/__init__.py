"""The option files that come with jetgen: presets, sweeps, studies, rows of the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jetgen.errors import InputError, some

FOLDER = Path(__file__).parent


def preset(name: str) -> dict[str, Any]:
    """The options of a preset: ``TrainConfig(**{**preset("vae"), "data": ["jets.h5"]})``.

    Raises:
        InputError: for an unknown name.
    """
    options: dict[str, Any] = yaml.safe_load(shipped("presets", name).read_text(encoding="utf-8"))
    return options


def names(kind: str) -> dict[str, str]:
    """What each file of a kind is, by its name.

    Args:
        kind: ``"presets"``, ``"sweeps"`` or ``"comparison"``.
    """
    return {path.stem: _summary(path) for path in sorted((FOLDER / kind).glob("*.yaml"))}


def shipped(kind: str, name: str) -> Path:
    """The file of this name.

    Raises:
        InputError: when there is none; the message lists the names.
    """
    known = names(kind)
    if name not in known:
        option = kind.removesuffix("s")
        raise InputError(f"{option}: expected one of {some(known)}, received {name!r}")
    return FOLDER / kind / f"{name}.yaml"


def _summary(path: Path) -> str:
    """The first sentence of the comment at the top of a file."""
    comment = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    return " ".join(comment).partition(". ")[0].removesuffix(".")
