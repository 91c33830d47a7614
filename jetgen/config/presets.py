"""Options of ``jetgen presets``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, validate


@dataclass(frozen=True)
class PresetsConfig:
    """Which preset to print."""

    name: str | None = option(
        None, help="print the options of this preset as YAML", positional=True
    )

    def __post_init__(self) -> None:
        validate(self)
