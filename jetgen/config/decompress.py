"""Options of ``jetgen decompress``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, validate
from jetgen.config.resuming import resume_option


@dataclass(frozen=True)
class DecompressConfig:
    """Which compressed jets or sets, and the model that they were compressed with."""

    input: str = option(help="compressed file", positional=True)
    output: str = option(
        help="file to write: .h5, .root or .parquet; of sets of single items also .csv",
        positional=True,
    )
    run: str = option(help="folder of the run that the file was compressed with")
    device: Literal["auto", "cpu", "cuda"] = option(
        "auto", help="where to decode; a stated error holds on the device of the compression"
    )
    overwrite: bool = option(False, help="replace an existing output file")
    resume: bool = resume_option()

    def __post_init__(self) -> None:
        validate(self)
