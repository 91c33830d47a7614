"""Options of a training as a whole: its files, its processes, its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, seed_option


@dataclass(frozen=True)
class RunOptions:
    """What is trained on, where, and where the run is written to."""

    data: list[str] = option(["data/gluon.h5"], help="file with jets; may be given several times")
    run: str = option("runs/latest", help="folder that the run is written to")
    resume: bool = option(False, help="continue the run in that folder")
    seed: int = seed_option(1, help="seed of the split, initial weights, batches and noise")
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to train")
    devices: int | None = option(
        None,
        at_least=1,
        below=1025,
        help="processes per machine that train together, on a GPU each, or on shares of the CPUs "
        "(default: as many as torchrun started, otherwise 1)",
    )
    nodes: int | None = option(
        None, at_least=1, below=65537, help="machines (default: as torchrun started, otherwise 1)"
    )
    precision: Literal["32", "bf16"] | None = option(
        None,
        help="numbers that networks compute with; weights and losses have 32 bits (default: bf16 "
        "on a GPU, 32 on the CPU)",
    )
    compile: bool = option(
        False,
        help="compile the networks with torch.compile, which takes a minute or more at the start",
    )
    threads: int = option(0, at_least=0, below=1025, help="CPU threads; 0 leaves torch's choice")
