"""Options of ``jetgen inspect``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, validate
from jetgen.config.reading import map_option


@dataclass(frozen=True)
class InspectConfig:
    """Show what files hold, and what is unusual in them."""

    files: list[str] = option(help="files, folders or glob patterns", positional=True)
    map: dict[str, str] = map_option()

    def __post_init__(self) -> None:
        validate(self)
