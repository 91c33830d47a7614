"""Options of ``jetgen cluster``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, validate
from jetgen.config.resuming import dask_option, resume_option
from jetgen.config.simulate import DIJET_SCALES


@dataclass(frozen=True)
class ClusterConfig:
    """Which events to cluster, and which of them to keep.

    Raises:
        InputError: when an option is out of its range.
    """

    input: str = option(
        help="file of events as the LHC Olympics 2020 published them", positional=True
    )
    output: str = option(help="HDF5 file of di-jet events to write")
    events: int | None = option(
        None, at_least=1, help="at most this many events, the first of the file"
    )
    workers: int = option(
        1, at_least=1, below=1025, help="number of processes; the di-jets do not depend on it"
    )
    dask: str | None = dask_option()
    overwrite: bool = option(False, help="replace the output file if it exists")
    resume: bool = resume_option()
    radius: float = option(DIJET_SCALES.radius, above=0, help="anti-kT radius R")
    jet_pt_min: float = option(
        DIJET_SCALES.jet_pt_min, above=0, help="smallest pT of the leading jet in GeV"
    )
    jet_eta_max: float = option(2.5, above=0, help="largest |eta| of a jet")
    tau21: bool = option(False, help="tau2 / tau1 as a feature of each jet")

    def __post_init__(self) -> None:
        validate(self)
