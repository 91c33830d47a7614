"""Options that were read from a file, which may be somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from jetgen.config.option import components_in

C = TypeVar("C")


def received(
    options: type[C],
    values: Mapping[str, Any],
    where: str,
    origins: Mapping[str, str] | None = None,
) -> C:
    """The options that a file holds, if it names no component that the user has not installed or
    allowed (:mod:`jetgen.registry`). No component is imported before that is known.

    Args:
        options: the dataclass of the options.
        values: the values by name.
        where: the file, for messages.
        origins: the packages of components as far as the file's writer has noted them.

    Raises:
        InputError: for such a component, or a value that the options do not take.
        TypeError: for a name that is no option.
    """
    for _, registry, component in components_in(options, values):
        registry.require_known(component, where, (origins or {}).get(component, ""))
    return options(**values)
