"""Options of ``jetgen generate``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.components import PRIORS
from jetgen.config.option import named_values, option, require, seed_option, validate
from jetgen.config.resuming import dask_option, resume_option


@dataclass(frozen=True)
class GenerateConfig:
    """How many jets to write, from which runs, and where to."""

    runs: list[str] = option(
        help="folder of a trained run, or name of a model that `jetgen models` lists; of several "
        "the sets are mixed in the ratios of the event weights that they were trained on",
        positional=True,
    )
    jets: int = option(
        10_000,
        at_least=1,
        below=10**12,
        help="number of jets; of several runs Poisson numbers about their shares of it",
    )
    output: str | None = option(
        None,
        help="file to write, .h5, .root or .parquet (default for one run: RUN/generated.h5, or "
        "NAME.h5 here); of sets of single items also .csv",
    )
    prior: str | None = option(
        None,
        choices=PRIORS,
        help="prior to draw from: the one the run was trained with (default), or the gaussian one "
        "beside a flow or flow-matching prior",
    )
    solver: Literal["euler", "midpoint", "heun", "rk4"] | None = option(
        None, help="solver of the flow-matching equation (default: as in the training)"
    )
    solver_steps: int | None = option(
        None, at_least=1, help="steps of the solver (default: as in the training)"
    )
    width_scale: float | None = option(
        None,
        above=0,
        help="factor on the widths with which an autoencoder draws particles (default: as in the "
        "training); below 1 they are closer to the decoded positions",
    )
    fix: list[str] = option(
        [],
        help="NAME=VALUE of a condition of the model, the same for all jets (mass=80, type=gluon, "
        "n=30); may be given several times; all others are drawn from the training jets near it",
    )
    region: str | None = option(
        None,
        help="decode codes of training jets that meet this condition, such as 'p > 50 and pt > 1' "
        "(vae); a model trained with a region takes fix='region=1' instead",
    )
    data: list[str] = option(
        [],
        help="with `region`: the files that the run was trained on, where they and the run were "
        "moved apart",
    )
    seed: int = seed_option(1, help="seed of the generated jets")
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to generate")
    dask: str | None = dask_option()
    overwrite: bool = option(False, help="replace an existing output file")
    resume: bool = resume_option()

    def __post_init__(self) -> None:
        validate(self)
        fixed = self.fixed()
        require(
            self.region is None or not (fixed or self.prior),
            "region",
            "neither `fix` nor `prior` with `region`, which draws codes of training jets",
            self.region,
        )
        require(
            self.region is not None or not self.data,
            "data",
            "none without `region`, which alone needs the training jets",
            self.data,
        )
        require(
            len(self.runs) == 1 or self.output is not None,
            "output",
            "a file to write the sets of several runs to",
            self.output,
        )

    def fixed(self) -> dict[str, str]:
        """The fixed values by the names of their conditions.

        Raises:
            InputError: for a text of another form, or a repeated name.
        """
        return named_values("fix", self.fix)
