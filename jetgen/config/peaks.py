"""Options of ``jetgen peaks``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jetgen.config.option import option, require, seed_option, validate
from jetgen.config.reading import allow_option, map_option


@dataclass(frozen=True)
class PeaksConfig:
    """Two files, and the window of the peak."""

    before: str = option(help="file of jets or sets, of any known format", positional=True)
    after: str = option(help="file of what became of them", positional=True)
    window: str = option(help="range of the observable, LOW:HIGH, such as 60:100")
    observable: str = option("mass", help="quantity with the peak: mass, or a column of the files")
    independent: bool = option(
        False,
        help="the files hold different jets; otherwise the same jets in the same order, which "
        "fluctuate together",
    )
    bins: int = option(40, at_least=10, below=10_001, help="equal bins of fits and of the figure")
    replicas: int = option(200, at_least=20, help="bootstrap replicas for errors")
    seed: int = seed_option(1, help="seed of the replicas")
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    output: str | None = option(
        None, help="folder for the page, tables and figure (default: AFTER without suffix, -peaks)"
    )

    def __post_init__(self) -> None:
        validate(self)
        self.limits()

    def limits(self) -> tuple[float, float]:
        """The window as two numbers.

        Raises:
            InputError: for a text of another form.
        """
        low, _, high = self.window.partition(":")
        try:
            limits = float(low), float(high)
        except ValueError:
            limits = (0.0, 0.0)
        known = limits[0] < limits[1] and all(map(math.isfinite, limits))
        require(known, "window", "LOW:HIGH with LOW below HIGH", self.window)
        return limits
