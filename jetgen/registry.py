"""Components by name: those of jetgen, those of installed packages, and ``package.module:Name``.

A :class:`Registry` holds import paths only. Nothing is imported before it is used.

A file that somebody else wrote can name any module of this machine. Names that were read from a
file therefore pass :meth:`Registry.require_known` first: it accepts the components of jetgen, those
that an installed package declares as entry points, and those of the modules that the user has
allowed (:func:`allow`).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points, packages_distributions, version
from operator import attrgetter
from typing import Any, NamedTuple

from jetgen.errors import InputError, some

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

_allowed: set[str] = set()


class Origin(NamedTuple):
    """The package that a component comes from, and its version where it is an installed one."""

    package: str
    version: str | None

    def __str__(self) -> str:
        return f"{self.package} {self.version}" if self.version else self.package


def resolve(path: str) -> Any:
    """The object at an import path ``package.module:name``.

    >>> resolve("math:pi")
    3.141592653589793
    """
    module, _, name = path.partition(":")
    return attrgetter(name)(importlib.import_module(module))


def is_path(name: str) -> bool:
    """Whether a name is an import path ``package.module:Name``.

    >>> is_path("package.module:Name"), is_path("deepsets")
    (True, False)
    """
    return _PATH.fullmatch(name) is not None


def allow(module: str) -> None:
    """Let files name components of this module, and of the modules below it, for this process.

    Raises:
        InputError: when ``module`` is not the name of a module.
    """
    if not is_path(f"{module}:name"):
        raise InputError(f"plugin: expected a module as package.module, received {module!r}")
    _allowed.add(module)


def allowed_modules() -> list[str]:
    """The modules that the user has allowed."""
    return sorted(_allowed)


def is_allowed(path: str) -> bool:
    """Whether the user has allowed the module of an import path, or a package that it is in."""
    module = path.partition(":")[0]
    return any(module == name or module.startswith(f"{name}.") for name in _allowed)


@cache
def _installed(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(entry_points(group=group)):
        found.setdefault(entry.name, []).append(entry)
    return found


class Registry(Mapping[str, Any]):
    """The components of one kind, by name.

    A mapping from the names of built-in and installed components to the components; what
    ``package.module:Name`` names is found as well, but not listed. The name of a built-in component
    always stands for that one.

    Args:
        kind: what one component is, for messages.
        group: the entry points of other packages (``[project.entry-points."jetgen.encoders"]``).
        base: import path of the class that components are subclasses or instances of.
        builtin: import paths of jetgen's own components by name.
    """

    def __init__(self, kind: str, group: str, base: str, builtin: Mapping[str, str]) -> None:
        self.kind, self.group, self.base, self.builtin = kind, group, base, dict(builtin)

    def __iter__(self) -> Iterator[str]:
        yield from self.builtin
        yield from self.installed()

    def __len__(self) -> int:
        return len(self.builtin) + len(self.installed())

    def __contains__(self, name: object) -> bool:
        return name in self.builtin or (isinstance(name, str) and bool(self._path(name)))

    def __getitem__(self, name: str) -> Any:
        """The component of this name, imported.

        Raises:
            InputError: when there is none, several packages have one, it cannot be imported, or it
                is of another kind.
        """
        path = self._path(name)
        if path is None:
            raise InputError(f"{self.kind}: expected {self.expected}, received {name!r}")
        if name in self.builtin:
            return resolve(path)
        try:
            found = resolve(path)
        except Exception as error:  # whatever another package raises while it is imported
            remedy = "repair or uninstall the package, or choose another"
            if name == path:
                remedy = "check the name, and that Python finds the module (PYTHONPATH)"
            raise InputError(
                f"{self._located(name)}: {path} cannot be imported "
                f"({type(error).__name__}: {error}); {remedy}"
            ) from error
        base = resolve(self.base)
        if not (isinstance(found, base) or (isinstance(found, type) and issubclass(found, base))):
            raise InputError(
                f"{self._located(name)}: expected a {self.base.replace(':', '.')}, received "
                f"{path}, which is none"
            )
        return found

    def _located(self, name: str) -> str:
        """A component and its package, for messages: looking the package up takes a while."""
        return f"{self.kind} {name!r} of the package {self.origin(name)}"

    def installed(self) -> list[str]:
        """The names of components that other packages declare."""
        return [name for name in _installed(self.group) if name not in self.builtin]

    @property
    def expected(self) -> str:
        """What a name must be, for messages."""
        return f"one of {some(self)} or package.module:Name"

    def path(self, name: str) -> str:
        """The import path of a component.

        Raises:
            InputError: when there is none, or several packages have one.
        """
        path = self._path(name)
        if path is None:
            raise InputError(f"{self.kind}: expected {self.expected}, received {name!r}")
        return path

    def origin(self, name: str) -> Origin | None:
        """The package of a component; ``None`` for those of jetgen."""
        if name in self.builtin:
            return None
        for entry in _installed(self.group).get(name, ()):
            if entry.dist is not None:
                return Origin(entry.dist.name, entry.dist.version)
        package = self.path(name).partition(":")[0].partition(".")[0]
        names = packages_distributions().get(package)
        return Origin(names[0], version(names[0])) if names else Origin(package, None)

    def note(self, name: str) -> dict[str, str | None] | None:
        """What files note of a component of another package; ``None`` for those of jetgen."""
        origin = self.origin(name)
        if origin is None:
            return None
        return {"kind": self.kind, "name": name, "path": self.path(name), **origin._asdict()}

    def require_known(self, name: str, where: str, origin: str = "") -> None:
        """Refuse a name, read from the file ``where``, that the user has neither installed nor
        allowed. Nothing is imported.

        Args:
            name: of a component.
            where: the file.
            origin: the package that the file says the component is from, if it does.

        Raises:
            InputError: for such a name, with what to do.
        """
        if name in self.builtin or name in _installed(self.group):
            return
        of = f" of the package {origin}" if origin else ""
        if not is_path(name):
            raise InputError(
                f"{where}: expected as {self.kind} {self.expected}, received {name!r}{of}"
                f"{f'; pip install {origin.partition(chr(32))[0]}' if origin else ''}"
            )
        if not is_allowed(name):
            module = name.partition(":")[0]
            raise InputError(
                f"{where}: the {self.kind} {name}{of} is not an installed component, and a file "
                "cannot have it imported; if you trust it, allow its module with "
                f"`jetgen.registry.allow({module!r})`"
            )

    def _path(self, name: str) -> str | None:
        if name in self.builtin:
            return self.builtin[name]
        entries = _installed(self.group).get(name, [])
        if len(entries) > 1:
            packages = ", ".join(str(entry.dist.name) for entry in entries if entry.dist)
            raise InputError(
                f"{self.kind} {name!r}: expected one package with it, found {packages}; name it as "
                f"{' or '.join(entry.value for entry in entries)}"
            )
        if entries:
            return entries[0].value
        return name if is_path(name) else None
