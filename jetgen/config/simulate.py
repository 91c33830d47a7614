"""Options of ``jetgen simulate``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, require
from jetgen.physics.classes import JET_CLASSES

LARGEST_SEED = 900_000_000
"""Pythia takes seeds from 1 to this number."""


@dataclass(frozen=True)
class SimulateConfig:
    """What to simulate: the hard process, the jets to keep, and how to run.

    Raises:
        InputError: when an option is out of its range.
    """

    jet_type: str = option(
        help=f"jet class: {', '.join(JET_CLASSES)} (top, w and z decay to quarks)",
        positional=True,
    )
    output: str = option(help="HDF5 file to write")
    jets: int = option(10_000, help="number of jets")
    workers: int = option(1, help="processes; the jets depend on this number and on the seed")
    seed: int = option(1, help="seed of the whole run, 1 to 900,000,000")
    overwrite: bool = option(False, help="replace the output file if it exists")
    energy: float = option(13_000.0, help="centre-of-mass energy of the two protons in GeV")
    parton_pt_min: float = option(990.0, help="least pT of the hard partons in GeV")
    parton_pt_max: float = option(1010.0, help="largest pT of the hard partons in GeV")
    mpi: bool = option(True, help="underlying event: further parton interactions in a collision")
    radius: float = option(0.8, help="anti-kT radius R")
    jet_pt_min: float = option(800.0, help="least jet pT in GeV")
    jet_pt_max: float = option(1600.0, help="largest jet pT in GeV")
    jet_eta_max: float = option(2.5, help="largest |eta| of a jet")
    min_particle_pt: float = option(
        0.0, help="particles below this pT in GeV are not seen (not clustered)"
    )
    particle_eta_max: float = option(
        5.0, help="particles beyond this |eta| are not seen, as beyond a detector's acceptance"
    )
    max_particles: int = option(150, help="constituents kept of a jet, the leading ones by pT")
    detector: bool = option(
        False, help="smear particles as a detector would: energy, angles, thresholds"
    )
    pythia: list[str] = option([], help='a Pythia setting, "Key = value"; may be repeated')

    def __post_init__(self) -> None:
        classes = ", ".join(JET_CLASSES)
        require(self.jet_type in JET_CLASSES, "jet_type", f"one of {classes}", self.jet_type)
        for name in ("jets", "workers", "max_particles"):
            value = getattr(self, name)
            require(value >= 1, name, "a positive number", value)
        in_range = 1 <= self.seed <= LARGEST_SEED
        require(in_range, "seed", f"a number from 1 to {LARGEST_SEED:,}", self.seed)
        for name in (
            "energy",
            "parton_pt_min",
            "radius",
            "jet_pt_min",
            "jet_eta_max",
            "particle_eta_max",
        ):
            value = getattr(self, name)
            require(value > 0, name, "a positive number", value)
        for low, high in (("parton_pt_min", "parton_pt_max"), ("jet_pt_min", "jet_pt_max")):
            least, largest = getattr(self, low), getattr(self, high)
            flag = low.replace("_", "-")
            require(largest > least, high, f"more than --{flag} {least:g}", largest)
        require(
            2 * self.parton_pt_min < self.energy,
            "parton_pt_min",
            f"less than half of --energy {self.energy:g}",
            self.parton_pt_min,
        )
        least = self.min_particle_pt
        require(least >= 0, "min_particle_pt", "zero or a positive number", least)
        for line in self.pythia:
            key = line.partition("=")[0].strip()
            require("=" in line and key != "", "pythia", '"Key = value"', line)
            seeded = key.lower() in ("random:seed", "random:setseed")
            require(not seeded, "pythia", "no seed here (use --seed)", line)
