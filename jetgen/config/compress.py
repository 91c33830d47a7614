"""Options of ``jetgen compress``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, require, validate
from jetgen.config.reading import allow_option, map_option
from jetgen.config.resuming import resume_option


@dataclass(frozen=True)
class CompressConfig:
    """Which jets or sets, with which model, and how finely."""

    input: str = option(help="file with jets or sets, of any known format", positional=True)
    output: str = option(help="compressed file to write", positional=True)
    run: str = option(help="folder of a trained autoencoder")
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    step: float = option(0.05, help="quantisation step of the codes, whose prior has unit variance")
    max_error: list[str] = option(
        [],
        help="store residuals, so that no feature changes by more than this, in its own unit "
        "(GeV for the px, py, pz of particles): one number for all of them, NAME=ERROR for one; "
        "may be given several times (default: codes alone)",
    )
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to encode")
    overwrite: bool = option(False, help="replace an existing output file")
    resume: bool = resume_option()

    def __post_init__(self) -> None:
        validate(self)
        require(self.step > 0, "step", "a positive number", self.step)
        self._errors()

    def errors(self, features: Iterable[str]) -> dict[str, float] | None:
        """The largest error of each feature by its name, or ``None`` for codes alone.

        Raises:
            InputError: when a feature has no error, or a name is not that of a feature.
        """
        given = self._errors()
        if not given:
            return None
        names = list(features)
        unknown = [name for name in given if name and name not in names]
        missing = [name for name in names if name not in given and "" not in given]
        require(
            not unknown and not missing,
            "max_error",
            f"an error for each of {', '.join(names)}, or one number for all",
            " ".join(self.max_error),
        )
        return {name: given.get(name, given.get("", math.nan)) for name in names}

    def _errors(self) -> dict[str, float]:
        """Errors by the names of their features; under "" the one for all other features."""
        errors: dict[str, float] = {}
        for text in self.max_error:
            name, _, number = text.rpartition("=")
            try:
                error = float(number)
            except ValueError:
                error = math.nan
            valid = 0 < error < math.inf and name not in errors
            require(valid, "max_error", "a positive number or NAME=ERROR, each name once", text)
            errors[name] = error
        return errors
