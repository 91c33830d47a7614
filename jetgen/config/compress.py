"""Options of ``jetgen compress``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, require


@dataclass(frozen=True)
class CompressConfig:
    """Which jets, with which model, and how finely."""

    input: str = option(help="file with jets, of any known format", positional=True)
    output: str = option(help="compressed file to write", positional=True)
    run: str = option(help="folder of a trained autoencoder")
    step: float = option(0.05, help="quantisation step of the codes, whose prior has unit variance")
    max_error: float | None = option(
        None,
        help="store residuals, so that each particle's px, py and pz come back to within so many "
        "GeV (default: codes alone)",
    )
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to encode")
    overwrite: bool = option(False, help="replace an existing output file")

    def __post_init__(self) -> None:
        require(self.step > 0, "step", "a positive number", self.step)
        require(
            self.max_error is None or self.max_error > 0,
            "max_error",
            "a positive number",
            self.max_error,
        )
