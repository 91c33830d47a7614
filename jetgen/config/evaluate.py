"""Options of ``jetgen evaluate``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, require


@dataclass(frozen=True)
class EvaluateConfig:
    """How far generated jets are from real ones, by the metrics of the field."""

    generated: str = option(help="file with generated jets", positional=True)
    real: str = option(help="file with real jets")
    output: str | None = option(
        None, help="JSON file to write (default: GENERATED with .metrics.json for its ending)"
    )
    jets: int = option(50_000, help="at most so many jets of each kind")
    jetnet: bool = option(
        False,
        help="follow the JetNet library: draws with replacement at its sizes, no floor",
    )
    seed: int = option(42, help="seed of draws, bootstrap, floor and classifier")

    def __post_init__(self) -> None:
        require(self.jets >= 1, "jets", "at least 1", self.jets)
