"""Options of ``jetgen report``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, require, seed_option, validate
from jetgen.config.reading import (
    allow_option,
    drop_missing_option,
    first_option,
    map_option,
    require_data,
    select_option,
)
from jetgen.errors import InputError


@dataclass(frozen=True)
class ReportConfig:
    """What to compare with what: a trained run, or files of jets."""

    run: str | None = option(
        None,
        help="folder of a trained run with its generated.h5, or with `real` the name of a model "
        "that `jetgen models` lists",
        positional=True,
    )
    data: list[str] = option(
        [], help="the files that the run was trained on, where they and the run were moved apart"
    )
    real: str | None = option(
        None,
        help="file with jets to compare with: those of `generated` or, in place of "
        "its held-out jets, those of the run",
    )
    generated: list[str] = option([], help="files with jets to compare to `real`")
    beside: list[str] = option(
        [],
        help="models that `jetgen models` lists, or runs, whose jets are shown beside those of the "
        "run, selected as its data were in their simulation",
    )
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    select: str | None = select_option()
    drop_missing: bool = drop_missing_option()
    output: str | None = option(
        None,
        help="folder to write report.html to (default: RUN/report, or NAME-report here)",
    )
    first: bool = first_option()
    jets: int = option(10_000, help="at most this many jets of each kind")
    panels: bool = option(
        False,
        help="also write PDFs, and every panel of a figure to files of its own, for talks",
    )
    reference_name: str = option(
        "simulated", help="what the jets to compare with are called in tables and figures"
    )
    seed: int = seed_option(42, help="seed of the bootstrap, the floor and the baseline")

    def __post_init__(self) -> None:
        validate(self)
        require(self.jets >= 1, "jets", "at least 1", self.jets)
        files = bool(self.generated) or (self.run is None and self.real is not None)
        if (self.run is not None) == files:
            raise InputError(
                "report: expected either a run or `real` and `generated`, received "
                f"{'both' if files else 'neither'}"
            )
        require(
            (self.run is not None and self.real is None) or not self.data,
            "data",
            "none without a run, whose jets they are, and none with `real`",
            self.data,
        )
        if self.run is not None:
            require_data(self)
        lonely = self.run is None and bool(self.beside)
        require(not lonely, "beside", "none without a run", self.beside)
        for name in ("select", "drop_missing"):
            given = getattr(self, name)
            require(self.real is not None or not given, name, "none without `real`", given)
        if files and not (self.real and self.generated and self.output):
            missing = [
                name
                for name, value in (
                    ("`real`", self.real),
                    ("`generated`", self.generated),
                    ("`output`", self.output),
                )
                if not value
            ]
            raise InputError(
                "report: expected `real`, `generated` and `output` together, missing "
                + ", ".join(missing)
            )
