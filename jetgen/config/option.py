"""How an option is declared: once, as a field of a frozen dataclass, with its help text.

The command line, its help, the YAML files, the defaults and the validation all come from
these declarations (see :mod:`jetgen.cli.parser`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, field
from typing import Any

from jetgen.errors import InputError


def option(default: Any = MISSING, *, help: str, positional: bool = False) -> Any:
    """A dataclass field with a help text; without a default it is required.

    A field of type ``list[str]`` takes one or more values, and its flag may be repeated;
    ``tuple[str, ...]`` takes comma-separated names.
    """
    metadata = {"help": help, "positional": positional}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def require(condition: bool, name: str, expected: str, received: object) -> None:
    """Raise :class:`InputError` in the common form when ``condition`` is false."""
    if not condition:
        raise InputError(f"{name}: expected {expected}, received {received!r}")


def named_values(option_name: str, texts: Sequence[str]) -> dict[str, str]:
    """The values of ``NAME=VALUE`` texts by their names.

    Raises:
        InputError: for a text of another form, or a name that comes twice.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, _, value = text.partition("=")
        valid = bool(name and value) and name not in values
        require(valid, option_name, "NAME=VALUE with each name once", text)
        values[name] = value
    return values
