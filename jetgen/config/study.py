"""Options of ``jetgen study``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from jetgen.config.option import option, require


@dataclass(frozen=True)
class StudyConfig:
    """Which study to repeat, and at which scale."""

    study: str = option(
        help="name of a study below configs/studies, or a folder with a study.yaml",
        positional=True,
    )
    quick: bool = option(False, help="the small scale, a few minutes on two cores")
    set: list[str] = option(
        [], help="settings to change at that scale, NAME=VALUE; may be given several times"
    )
    output: str | None = option(
        None, help="folder of everything the study makes (default runs/studies/NAME[-quick])"
    )
    workers: int = option(2, help="steps that run side by side where none needs the other")

    def __post_init__(self) -> None:
        self.changes()
        require(self.workers >= 1, "workers", "at least 1", self.workers)

    def changes(self) -> dict[str, Any]:
        """The values of the settings to change, by name.

        Raises:
            InputError: for a text that is not NAME=VALUE.
        """
        changed = {}
        for text in self.set:
            name, equals, value = text.partition("=")
            require(bool(name and equals and value), "set", "NAME=VALUE", text)
            changed[name] = yaml.safe_load(value)
        return changed
