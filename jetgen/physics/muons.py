"""What one measures of a muon: momentum and start, and both on logarithmic scales."""

from __future__ import annotations

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.kinds import Noun
from jetgen.physics.columns import columns
from jetgen.physics.observables import Observable

MUON = Noun("muon", "muons", "muon")

MOMENTUM = (
    Observable("momentum_x", "px", r"$p_x$", "GeV"),
    Observable("momentum_y", "py", r"$p_y$", "GeV"),
    Observable("momentum_z", "pz", r"$p_z$", "GeV"),
)
"""Named apart from px, py, pz, of which a jet has many."""

START = (
    Observable("x", "start x", r"Start $x$", "mm"),
    Observable("y", "start y", r"Start $y$", "mm"),
    Observable("z", "start z", r"Start $z$", "mm"),
)
DECADES = (
    Observable("log_p", "logarithm of the momentum", r"$\log_{10}\,p/\mathrm{GeV}$"),
    Observable("log_pt", "logarithm of pT", r"$\log_{10}\,p_\mathrm{T}/\mathrm{GeV}$"),
)
"""Momenta of muons from a target spread over decades."""

MUON_OBSERVABLES = (*MOMENTUM, *START, *DECADES)

_SLOWEST = 1e-6
"""GeV below which a logarithm is that of this number."""


def measure_muons(muons: ParticleCloud) -> dict[str, Tensor]:
    r"""``(B,)`` float64 values of sets of one muon, by name.

    Those of :data:`MUON_OBSERVABLES` as far as the columns are known, the columns, ``p`` and
    ``pt``.

    Raises:
        InputError: when a set is not of one item with ``px, py, pz``.
    """
    found = {observable.name: values for observable, values in columns(muons)}
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
