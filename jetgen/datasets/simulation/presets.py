"""The hard process of each sample, the kind of its sets, and the partons matched to jets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jetgen.config.simulate import DIJET_SCALES, JET_SCALES, Scales

HARD_OUTGOING = -23
"""Pythia's status of an outgoing parton of the hard process, or of a resonance decay."""

LAST_COPY = -62
"""Pythia's status of a resonance after all recoils, just before it decays."""


@dataclass(frozen=True)
class Preset:
    """Simulation of the sets of one sample in proton-proton collisions.

    Args:
        settings: Pythia lines that switch on the process and its decays.
        scales: defaults of options that differ between samples.
        unused: options of the simulation that do not apply to the sample.
        sets: kind of a set: the particles of a jet, the two leading jets of an event, or a muon.
        fixed_target: whether one of the protons is at rest.
        processes: further lines for each process of a sample with several processes.
        partons: absolute particle codes that a jet is matched to.
        status: Pythia status of these partons.
        prongs: number of quarks from the decay of the parton that must be in the jet (0: no decay).
    """

    settings: tuple[str, ...]
    scales: Scales
    unused: tuple[str, ...] = ()
    partons: tuple[int, ...] = ()
    status: int = HARD_OUTGOING
    prongs: int = 0
    sets: Literal["jets", "dijets", "muons"] = "jets"
    fixed_target: bool = False
    processes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _hadronic(code: int) -> tuple[str, str]:
    return f"{code}:onMode = off", f"{code}:onIfAny = 1 2 3 4 5"


_X, _Y = 9_000_001, 9_000_002
"""Codes of the particles that the resonance of the LHC Olympics decays to."""

_RESONANCE = (
    "NewGaugeBoson:ffbar2Wprime = on",
    "34:m0 = 3500",
    f"{_X}:all = X Xbar 1 3 0 500 1 400 600 0",
    f"{_X}:oneChannel = 1 0.5 101 2 -1",
    f"{_X}:addChannel = 1 0.5 101 4 -3",
    f"{_Y}:all = Y void 1 0 0 100 0.2 80 120 0",
    *(
        f"{_Y}:{'one' if flavour == 1 else 'add'}Channel = 1 0.2 101 {flavour} -{flavour}"
        for flavour in range(1, 6)
    ),
    f"34:oneChannel = 1 1 103 {_X} {_Y}",
)
"""A charged vector resonance of 3.5 TeV that decays to X (500 GeV, charged) and Y (100 GeV,
neutral), which are narrow and decay to two quarks each."""

LIGHT = (130, 211, 321)
"""Codes of the light mesons that live long enough to interact in a target."""

CHARM = (411, 421, 431, 4122, 4132, 4232, 4332)
"""Codes of the charmed hadrons that decay weakly."""


def _to_muons(codes: tuple[int, ...]) -> tuple[str, ...]:
    """Pythia lines that force these particles to decay to muons."""
    lines = ("{0}:mayDecay = on", "{0}:onMode = off", "{0}:onIfAny = 13")
    return tuple(line.format(code) for code in codes for line in lines)


_OF_JETS = ("tau21", "interaction_length")
_OF_DIJETS = ("max_particles", "interaction_length")

GLUON = Preset(
    ("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on"),
    JET_SCALES,
    unused=_OF_JETS,
    partons=(21,),
)
QUARK = Preset(
    ("HardQCD:qq2qq = on", "HardQCD:qqbar2qqbarNew = on", "HardQCD:gg2qqbar = on"),
    JET_SCALES,
    unused=_OF_JETS,
    partons=(1, 2, 3),
)
TOP = Preset(
    ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *_hadronic(24)),
    JET_SCALES,
    unused=_OF_JETS,
    partons=(6,),
    status=LAST_COPY,
    prongs=3,
)
W = Preset(
    ("WeakDoubleBoson:ffbar2WW = on", *_hadronic(24)),
    JET_SCALES,
    unused=_OF_JETS,
    partons=(24,),
    status=LAST_COPY,
    prongs=2,
)
Z = Preset(
    ("WeakDoubleBoson:ffbar2gmZgmZ = on", "WeakZ0:gmZmode = 2", *_hadronic(23)),
    JET_SCALES,
    unused=_OF_JETS,
    partons=(23,),
    status=LAST_COPY,
    prongs=2,
)
LHCO_SIGNAL = Preset(_RESONANCE, DIJET_SCALES, unused=_OF_DIJETS, sets="dijets")
LHCO_QCD = Preset(
    ("HardQCD:all = on",),
    DIJET_SCALES._replace(parton_pt_min=1000.0, parton_pt_max=10_000.0),
    unused=_OF_DIJETS,
    sets="dijets",
)
FIXED_TARGET_MUONS = Preset(
    (),
    Scales(400.0),
    unused=(
        "jet_eta_max",
        "min_particle_pt",
        "particle_eta_max",
        "max_particles",
        "tau21",
        "detector",
    ),
    sets="muons",
    fixed_target=True,
    processes={
        "light": ("SoftQCD:inelastic = on", *_to_muons(LIGHT)),
        "charm": ("HardQCD:hardccbar = on", *_to_muons(CHARM)),
        "beauty": ("HardQCD:hardbbbar = on", *_to_muons(CHARM)),
    },
)
