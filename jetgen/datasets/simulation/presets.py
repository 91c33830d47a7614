"""The hard process of each jet class, and which partons its jets are matched to."""

from __future__ import annotations

from dataclasses import dataclass

HARD_OUTGOING = -23
"""Pythia's status of a parton that leaves the hard process, or a resonance's decay."""

LAST_COPY = -62
"""Pythia's status of a resonance after all recoils, just before it decays."""


@dataclass(frozen=True)
class Preset:
    """How to make the jets of one class in proton-proton collisions.

    Args:
        settings: the lines that switch on the process and its decays in Pythia.
        partons: absolute particle codes that a jet is matched to.
        status: Pythia status of these partons.
        prongs: quarks of the parton's decay that must lie in the jet too (0: it does not decay).
    """

    settings: tuple[str, ...]
    partons: tuple[int, ...]
    status: int = HARD_OUTGOING
    prongs: int = 0


def _hadronic(code: int) -> tuple[str, str]:
    return f"{code}:onMode = off", f"{code}:onIfAny = 1 2 3 4 5"


PRESETS = {
    "gluon": Preset(("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on"), partons=(21,)),
    "quark": Preset(
        ("HardQCD:qq2qq = on", "HardQCD:qqbar2qqbarNew = on", "HardQCD:gg2qqbar = on"),
        partons=(1, 2, 3),
    ),
    "top": Preset(
        ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *_hadronic(24)),
        (6,),
        status=LAST_COPY,
        prongs=3,
    ),
    "w": Preset(
        ("WeakDoubleBoson:ffbar2WW = on", *_hadronic(24)), (24,), status=LAST_COPY, prongs=2
    ),
    "z": Preset(
        ("WeakDoubleBoson:ffbar2gmZgmZ = on", "WeakZ0:gmZmode = 2", *_hadronic(23)),
        (23,),
        status=LAST_COPY,
        prongs=2,
    ),
}
"""One preset for each of ``jetgen.physics.classes.JET_CLASSES``."""
