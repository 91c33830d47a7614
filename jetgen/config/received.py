"""Options read from a file that somebody else may have written."""

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
    """The options in a file, if every component it names is installed or allowed by the user
    (:mod:`jetgen.registry`). No component is imported before this check.

    Args:
        options: the dataclass of the options.
        values: the values by name.
        where: the file, for messages.
        origins: the packages of components, where the file records them.

    Raises:
        InputError: for another component, or a value that an option does not accept.
        TypeError: for a name that is not an option.
    """
    for _, registry, component in components_in(options, values):
        registry.require_known(component, where, (origins or {}).get(component, ""))
    return options(**values)
