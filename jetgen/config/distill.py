"""Options of ``jetgen distill``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.components import FIGURES
from jetgen.config.option import option, validate


@dataclass(frozen=True)
class DistillConfig:
    """Which run to distil, into how many steps, and for how long."""

    teacher: str = option(
        help="folder of a run of flow matching, or the name of such a model that comes with jetgen",
        positional=True,
    )
    run: str = option(help="folder that the student is written to")
    steps: int = option(
        1, at_least=1, below=1001, help="steps of the student, with one network evaluation each"
    )
    teacher_steps: int | None = option(
        None,
        at_least=1,
        below=1001,
        help="steps of the teacher's solver for each of these (default: the steps that the teacher "
        "generates with, divided by those of the student)",
    )
    start: str | None = option(
        None,
        help="folder of an earlier student, whose weights this one begins with (default: those of "
        "the teacher)",
    )
    epochs: int = option(20, at_least=1, help="epochs")
    batch: int = option(64, at_least=1, help="jets per step of the training")
    learning_rate: float | None = option(
        None,
        above=0,
        below=1e6,
        help="learning rate of the optimiser of the teacher, which falls to zero (default: "
        "that of the teacher)",
    )
    monitor: tuple[str, ...] = option(
        (),
        choices=FIGURES,
        help="metrics of the student's jets against validation jets after some epochs, as "
        "`jetgen train` has them; the first one chooses the best epoch",
    )
    monitor_every: int = option(
        1, at_least=1, help="epochs from one computation of these metrics to the next"
    )
    time_limit: float | None = option(None, above=0, help="minutes after which training ends")
    data: list[str] = option(
        [],
        help="files of jets like those that the teacher was trained on, of the same classes "
        "(default: its files); may be given several times",
    )
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to train")
    threads: int = option(0, at_least=0, below=1025, help="CPU threads; 0 leaves torch's choice")

    def __post_init__(self) -> None:
        validate(self)
