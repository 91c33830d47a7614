"""Observables of muons: momentum, production vertex, and momenta on logarithmic scales."""

from __future__ import annotations

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.kinds import Noun
from jetgen.physics.features import feature_observables
from jetgen.physics.observables import Observable

MUON = Noun("muon", "muons", "muon")

MOMENTUM = (
    Observable("momentum_x", "px", r"$p_x$", "GeV"),
    Observable("momentum_y", "py", r"$p_y$", "GeV"),
    Observable("momentum_z", "pz", r"$p_z$", "GeV"),
)
"""The names differ from px, py, pz, which belong to the particles of a jet."""

START = (
    Observable("x", "start x", r"Start $x$", "mm"),
    Observable("y", "start y", r"Start $y$", "mm"),
    Observable("z", "start z", r"Start $z$", "mm"),
)
DECADES = (
    Observable("log_p", "logarithm of the momentum", r"$\log_{10}\,p/\mathrm{GeV}$"),
    Observable("log_pt", "logarithm of pT", r"$\log_{10}\,p_\mathrm{T}/\mathrm{GeV}$"),
)
"""Logarithmic, because momenta of muons from a target extend over several orders of magnitude."""

MUON_OBSERVABLES = (*MOMENTUM, *START, *DECADES)

_SLOWEST = 1e-6
"""Smallest momentum in GeV for logarithms; lower momenta are replaced by it."""


def measure_muons(muons: ParticleCloud) -> dict[str, Tensor]:
    r"""``(B,)`` float64 values of sets of one muon, by name.

    They are the features, ``p``, ``pt`` and those :data:`MUON_OBSERVABLES` whose features are
    available.

    Raises:
        InputError: when a set does not consist of one item with ``px, py, pz``.
    """
    found = {observable.name: values for observable, values in feature_observables(muons)}
    if muons.mask.shape[1] != 1 or not bool(muons.mask.all()) or "p" not in found:
        raise InputError(
            "muons: expected sets of one muon with px, py, pz, received sets of "
            f"{int(muons.multiplicity.min())} to {int(muons.multiplicity.max())} items with "
            f"{', '.join(f.name for f in muons.features)}"
        )
    found.pop("type", None)
    momentum = {f"momentum_{axis}": found[f"p{axis}"] for axis in "xyz"}
    decades = {f"log_{name}": found[name].clamp(min=_SLOWEST).log10() for name in ("p", "pt")}
    return found | momentum | decades
