"""Packages whose public names are imported at first use.

A public function may have the name of the module it is in (``jetgen.metrics.fpd``). Python would
let an import of that module replace the function; here the function keeps the name.
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class Namespace(ModuleType):
    """A package with public names; see :func:`publish`."""

    def __getattr__(self, name: str) -> Any:
        homes = self.__dict__["_homes"]
        if name not in homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        home, original = homes[name]
        if original:
            return getattr(import_module(home), original)
        return import_module(home)

    def __setattr__(self, name: str, value: Any) -> None:
        home = self.__dict__["_homes"].get(name)
        if not (isinstance(value, ModuleType) and home and home[1]):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return list(self.__dict__["__all__"])


def publish(package: str) -> None:
    """Make what a package imports ``if TYPE_CHECKING`` its public names, imported at first use.

    Args:
        package: its name, that of a module being imported. Names are imported as themselves
            (``from jetgen.metrics.fpd import fpd as fpd``), so that type checkers find the same.
    """
    module = sys.modules[package]
    source = module.__loader__.get_source(package)  # type: ignore[union-attr]
    homes = _homes(ast.parse(source), package)
    module.__dict__["_homes"] = homes
    module.__dict__["__all__"] = sorted(homes)
    module.__class__ = Namespace


def _homes(tree: ast.Module, package: str) -> dict[str, tuple[str, str]]:
    """Module and name in it of each public name; the latter is empty for a module itself."""
    homes = {}
    for block in tree.body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for node in block.body:
                assert isinstance(node, ast.ImportFrom), "names are imported from modules"
                for alias in node.names:
                    home = (str(node.module), alias.name)
                    if node.module == package:
                        home = (f"{package}.{alias.name}", "")
                    homes[alias.asname or alias.name] = home
    return homes
