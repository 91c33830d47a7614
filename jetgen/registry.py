"""Names of components and the import paths behind them; nothing is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def resolve(path: str) -> Any:
    """The object at an import path ``package.module:name``.

    >>> resolve("math:pi")
    3.141592653589793
    """
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
