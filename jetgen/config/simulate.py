"""Options of ``jetgen simulate``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import nan
from typing import NamedTuple

from jetgen.components import PRESETS
from jetgen.config.option import option, require, seed_option, validate
from jetgen.config.resuming import dask_option, resume_option
from jetgen.physics.classes import DIJET_CLASSES, JET_CLASSES

LARGEST_SEED = 900_000_000
"""Pythia accepts seeds from 1 to this number."""


class Scales(NamedTuple):
    """Numbers with defaults that depend on the sample, in GeV except for the radius.

    A number that a sample does not use is NaN.
    """

    energy: float
    parton_pt_min: float = nan
    parton_pt_max: float = nan
    radius: float = nan
    jet_pt_min: float = nan
    jet_pt_max: float = nan


JET_SCALES = Scales(13_000.0, 990.0, 1010.0, radius=0.8, jet_pt_min=800.0, jet_pt_max=1600.0)
DIJET_SCALES = Scales(13_000.0, radius=1.0, jet_pt_min=1200.0, jet_pt_max=10_000.0)


@dataclass(frozen=True)
class SimulateConfig:
    """What to simulate: the hard process, the jets to keep, and how to run.

    Raises:
        InputError: when an option is out of its range.
    """

    sample: str = option(
        choices=PRESETS,
        help=f"class of single jets: {', '.join(JET_CLASSES)} (top, w and z decay to quarks); or "
        f"events as sets of two jets: {', '.join(DIJET_CLASSES)}; or fixed-target-muons",
        positional=True,
    )
    output: str = option(help="HDF5 file to write")
    jets: int = option(
        10_000, at_least=1, below=10**12, help="number of jets, or of sets in a sample of sets"
    )
    workers: int = option(
        1, at_least=1, below=1025, help="number of processes; the jets do not depend on it"
    )
    dask: str | None = dask_option()
    seed: int = seed_option(1, help="seed of the whole run")
    overwrite: bool = option(False, help="replace the output file if it exists")
    resume: bool = resume_option()
    energy: float | None = option(
        None,
        help="centre-of-mass energy of the two protons in GeV (default: 13000), or energy of the "
        "proton on a target (default: 400)",
    )
    parton_pt_min: float | None = option(
        None, help="smallest pT of the hard partons in GeV (default: 990; lhco-qcd: 1000)"
    )
    parton_pt_max: float | None = option(
        None, help="largest pT of the hard partons in GeV (default: 1010; lhco-qcd: no limit)"
    )
    mpi: bool = option(True, help="simulate the underlying event (multiparton interactions)")
    radius: float | None = option(None, help="anti-kT radius R (default: 0.8; lhco: 1.0)")
    jet_pt_min: float | None = option(
        None, help="smallest jet pT in GeV (default: 800; lhco: 1200, of the leading jet)"
    )
    jet_pt_max: float | None = option(
        None, help="largest jet pT in GeV (default: 1600; lhco: no limit), of the leading jet"
    )
    jet_eta_max: float = option(2.5, above=0, help="largest |eta| of a jet")
    min_particle_pt: float = option(
        0.0, at_least=0, help="particles below this pT in GeV are not clustered"
    )
    particle_eta_max: float = option(
        5.0,
        above=0,
        help="particles beyond this |eta| are not clustered (acceptance of a detector)",
    )
    max_particles: int = option(150, at_least=1, help="constituents kept per jet, leading in pT")
    tau21: bool = option(False, help="tau2 / tau1 as a feature of each jet of a set")
    detector: bool = option(
        False, help="smear particles as a detector would: energy, angles, thresholds"
    )
    interaction_length: float = option(
        150.0, above=0, help="mean path in mm of protons and light mesons in the target (muons)"
    )
    pythia: list[str] = option([], help='a Pythia setting, "Key = value"; may be repeated')

    def __post_init__(self) -> None:
        validate(self)
        preset = PRESETS[self.sample]
        defaults = {entry.name: entry.default for entry in fields(self)}
        idle = [name for name, own in preset.scales._asdict().items() if own != own]
        for name in (*idle, *preset.unused):
            value = getattr(self, name)
            require(value == defaults[name], name, f"no value with {self.sample}", value)
        scales = self.scales
        for name, number in scales._asdict().items():
            require(not number <= 0, name, "a positive number", number)
        for low, high in (("parton_pt_min", "parton_pt_max"), ("jet_pt_min", "jet_pt_max")):
            least, largest = getattr(scales, low), getattr(scales, high)
            require(not largest <= least, high, f"more than {low}={least:g}", largest)
        require(
            not 2 * scales.parton_pt_min >= scales.energy,
            "parton_pt_min",
            f"less than half of energy={scales.energy:g}",
            scales.parton_pt_min,
        )
        for line in self.pythia:
            key = line.partition("=")[0].strip()
            require("=" in line and key != "", "pythia", '"Key = value"', line)
            seeded = key.lower() in ("random:seed", "random:setseed")
            require(not seeded, "pythia", "no seed here (use `seed`)", line)

    @property
    def scales(self) -> Scales:
        """The values given by the options, and the sample's defaults for all others."""
        own = PRESETS[self.sample].scales._asdict()
        given = {name: getattr(self, name) for name in own}
        return Scales(**{name: own[name] if given[name] is None else given[name] for name in own})
