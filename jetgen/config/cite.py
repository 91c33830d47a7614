"""Options of ``jetgen cite``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, validate


@dataclass(frozen=True)
class CiteConfig:
    """The works behind a run: its objective, networks, losses, prior and data."""

    run: str = option(
        help="folder of a run, or name of a model that comes with jetgen", positional=True
    )

    def __post_init__(self) -> None:
        validate(self)
