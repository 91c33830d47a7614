"""Options of ``jetgen export``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, validate


@dataclass(frozen=True)
class ExportConfig:
    """Which generator to write as one ONNX file."""

    run: str = option(
        help="folder of a trained run, or name of a model that `jetgen models` lists",
        positional=True,
    )
    output: str = option(
        help="ONNX file to write, such as model.onnx", positional=True, ending=".onnx"
    )
    prior: Literal["gaussian", "flow"] | None = option(
        None, help="prior to draw codes from (default: the one the run was trained with)"
    )
    overwrite: bool = option(False, help="replace existing files")

    def __post_init__(self) -> None:
        validate(self)
