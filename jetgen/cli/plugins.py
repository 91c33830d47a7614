"""Components of other packages on the command line: which modules are allowed, and their help.

A module may be imported when its package declares it as an entry point, when it follows
``--plugin``, or when the user types ``package.module:Name`` as the value of an option. What a YAML
file or a run's folder says allows nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from jetgen.config.option import components_in
from jetgen.errors import InputError
from jetgen.registry import Registry, allow, is_path

PLUGIN = "--plugin"

PLUGIN_HELP = (
    "allow the components of this module, package.module, where a run or a YAML file names them; "
    "may be given several times"
)


def without_plugins(words: Sequence[str]) -> list[str]:
    """The words without ``--plugin MODULE``; these modules are allowed from now on.

    Raises:
        InputError: when no module follows.
    """
    rest: list[str] = []
    waiting = iter(words)
    for word in waiting:
        flag, equals, module = word.partition("=")
        if flag != PLUGIN:
            rest.append(word)
            continue
        allow(module if equals else next(waiting, ""))
    return rest


def allow_typed(options: type, words: Sequence[str]) -> None:
    """Allow the modules of components that are typed as ``package.module:Name``."""
    typed = [word.partition("=")[2] if word.startswith("--") else word for word in words]
    parts = [part.strip() for text in typed for part in text.split(",")]
    values = {field.name: parts for field in dataclasses.fields(options)}
    for _, _, component in components_in(options, values):
        if is_path(component):
            allow(component.partition(":")[0])


def component_help(field: dataclasses.Field[Any], options: type) -> str:
    """What the help of an option says about components: their names, and their own options."""
    registry = field.metadata["choices"]
    if registry is not None:
        installed = [f"{name} ({registry.origin(name)})" for name in registry.installed()]
        return f"; {', '.join([*registry.builtin, *installed])} or package.module:Name"
    named = {entry.name: entry.metadata["choices"] for entry in dataclasses.fields(options)}
    registry = named.get(field.name.removesuffix("_option"))
    if registry is None or not field.name.endswith("_option"):
        return ""
    return "".join(f"; {text}" for text in _own_options(registry))


def _own_options(registry: Registry) -> list[str]:
    described = []
    for name in registry:
        try:
            own = registry[name].Options
        except InputError as error:  # a broken package must not hide the help of the others
            described.append(str(error))
            continue
        if own is not None:
            texts = [
                f"{entry.name}={entry.default} ({entry.metadata.get('help', '')})"
                for entry in dataclasses.fields(own)
            ]
            described.append(f"{name}: {', '.join(texts)}")
    return described
