"""Defaults that depend on the objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jetgen.components import OBJECTIVES


def by_objective(name: str) -> Callable[[Any], Any]:
    """The default of an option, from the recipe of the objective."""

    def value(config: Any) -> Any:
        return OBJECTIVES[config.objective].recipe(config)[name]

    return value
