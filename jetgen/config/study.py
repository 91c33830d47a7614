"""Options of ``jetgen study``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import named_values, option, validate
from jetgen.config.resuming import dask_option


@dataclass(frozen=True)
class StudyConfig:
    """Which study to run, and at which scale."""

    study: str = option(
        help="name of a study that comes with jetgen, or a folder with a study.yaml",
        positional=True,
    )
    quick: bool = option(False, help="run at the small scale: a few minutes on two cores")
    set: list[str] = option(
        [],
        help="NAME=VALUE of a setting in the study.yaml, instead of its value at that scale; or "
        "NAME=FILE of jets in place of those that the study simulates as NAME.h5; may be given "
        "several times",
    )
    output: str | None = option(
        None, help="folder for everything the study makes (default: runs/studies/NAME[-quick])"
    )
    workers: int = option(
        2,
        at_least=1,
        below=1025,
        help="number of steps that run at the same time, if none needs the result of another",
    )
    dask: str | None = dask_option("run the steps")

    def __post_init__(self) -> None:
        validate(self)
        self.changed()

    def changed(self) -> dict[str, str]:
        """The changed settings and files by name.

        Raises:
            InputError: for a text of another form, or a repeated name.
        """
        return named_values("set", self.set)
