"""Observables of di-jet events: of each jet, and of the pair."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.kinds import Noun
from jetgen.physics.fourvectors import JET_KINEMATICS, mass, massive, wrap_phi
from jetgen.physics.observables import Observable

EVENT = Noun("event", "events", "jet")

_JET = (
    Observable("pt", "transverse momentum", r"p_\mathrm{T}", "GeV"),
    Observable("eta", "pseudorapidity", r"\eta"),
    Observable("phi", "azimuth", r"\phi", "rad"),
    Observable("mass", "mass", "m", "GeV"),
    Observable("tau21", "N-subjettiness ratio τ21", r"\tau_{21}"),
)


def _of_jet(number: int, which: str) -> tuple[Observable, ...]:
    return tuple(
        Observable(
            f"{o.name}_{number}", f"{o.title}, {which} jet", f"Jet {number} ${o.symbol}$", o.unit
        )
        for o in _JET
    )


LEADING, SECOND = _of_jet(1, "leading"), _of_jet(2, "second")
TOGETHER = (
    Observable("dijet_mass", "di-jet mass", r"Di-jet mass $m_{jj}$", "GeV"),
    Observable("delta_eta", "difference of pseudorapidity", r"$|\Delta\eta_{jj}|$"),
    Observable("delta_phi", "difference of azimuth", r"$|\Delta\phi_{jj}|$", "rad"),
)
DIJET_OBSERVABLES = (*LEADING, *SECOND, *TOGETHER)


def measure_dijets(events: ParticleCloud) -> dict[str, Tensor]:
    r"""``(B,)`` float64 values of sets of two jets, by name, for the features that are available.

    Jet 1 is the one with the larger pT, azimuths are in [-pi, pi), and
    :math:`m_{jj}^2 = (E_1 + E_2)^2 - |\vec p_1 + \vec p_2|^2`.

    Raises:
        InputError: when a set does not consist of two jets with ``pt, eta, phi, mass``.
    """
    names = [feature.name for feature in events.features]
    missing = [f.name for f in JET_KINEMATICS if f.name not in names]
    if missing or events.mask.shape[1] != 2 or not bool(events.mask.all()):
        raise InputError(
            "di-jet events: expected sets of two jets with pt, eta, phi and mass, received sets of "
            f"{int(events.multiplicity.min())} to {int(events.multiplicity.max())} items with "
            f"{', '.join(names)}"
        )
    events = events.to(torch.float64)
    order = events.feature("pt").argsort(dim=1, descending=True)
    jets = {o.name: events.feature(o.name).gather(1, order) for o in _JET if o.name in names}
    jets["phi"] = wrap_phi(jets["phi"])
    momenta = massive(*(jets[f.name] for f in JET_KINEMATICS))
    eta, phi = jets["eta"], jets["phi"]
    single = {f"{name}_{k + 1}": values[:, k] for k in (0, 1) for name, values in jets.items()}
    return single | {
        "dijet_mass": mass(momenta.sum(1)),
        "delta_eta": (eta[:, 0] - eta[:, 1]).abs(),
        "delta_phi": wrap_phi(phi[:, 0] - phi[:, 1]).abs().clamp(max=math.pi),
    }
