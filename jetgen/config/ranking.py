"""The options that ``jetgen compare`` and ``jetgen leaderboard`` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, require, seed_option, validate
from jetgen.config.reading import allow_option, map_option, require_data
from jetgen.config.resuming import dask_option

By = Literal[
    "w1m", "w1p", "w1efp", "fpd", "kpd", "uncovered", "mmd", "auc", "w1", "correlations", "pairs"
]
"""The metrics that a table can be sorted by; the last three, and auc, for named features."""


@dataclass(frozen=True, kw_only=True)
class RankingConfig:
    """How runs are measured and sorted."""

    data: list[str] = option(
        [], help="the files that the runs were trained on, where they and the runs were moved apart"
    )
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    jets: int | None = option(
        None,
        help="at most this many held-out jets, and as many generated ones (default: all held-out)",
    )
    seed: int = seed_option(1, help="seed of generated jets, the bootstrap, the floor, the trees")
    by: By | None = option(
        None,
        help="metric that sorts the table (default: w1m; for sets of named features w1, the mean "
        "over columns of W1 / σ; these also have auc, correlations and pairs)",
    )
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to generate")
    dask: str | None = dask_option("measure the rows")

    def __post_init__(self) -> None:
        validate(self)
        require_data(self)
        require(self.jets is None or self.jets >= 1, "jets", "at least 1", self.jets)
