"""Options of ``jetgen models``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, validate


@dataclass(frozen=True)
class ModelsConfig:
    """Which model to describe."""

    name: str | None = option(None, help="print the card of this model", positional=True)

    def __post_init__(self) -> None:
        validate(self)
