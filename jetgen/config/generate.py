"""Options of ``jetgen generate``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, require


@dataclass(frozen=True)
class GenerateConfig:
    """How many jets to write, from which run, and where to."""

    run: str = option(help="folder of a trained run", positional=True)
    jets: int = option(10_000, help="number of jets")
    output: str | None = option(None, help="HDF5 file to write (default: RUN/generated.h5)")
    prior: Literal["gaussian", "flow"] | None = option(
        None, help="prior to draw from (default: the one the run was trained with)"
    )
    seed: int = option(1, help="seed of the generated jets")
    batch: int = option(1024, help="jets a step; memory grows with it, not with --jets")
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to generate")
    overwrite: bool = option(False, help="replace an existing output file")

    def __post_init__(self) -> None:
        for name in ("jets", "batch"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
