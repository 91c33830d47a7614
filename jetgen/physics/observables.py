"""What one measures of a jet: seven numbers a jet, three a particle, all from the particles.

Every jet, real or generated, is the four-momentum sum of its massless particles, and every
particle is described relative to that sum. A generator whose particles do not add up to the jet
that it promised is therefore seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.conversion import takes_sets
from jetgen.kinds import JETS, Kind
from jetgen.physics.efp import efps
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.physics.units import in_gev


class Observable(NamedTuple):
    """A named quantity: ``title`` in words, ``symbol`` in mathtext, ``unit`` empty for numbers."""

    name: str
    title: str
    symbol: str
    unit: str = ""

    @property
    def label(self) -> str:
        """The axis label, with the unit in brackets."""
        return f"{self.symbol} [{self.unit}]" if self.unit else self.symbol

    @property
    def formula(self) -> str:
        r"""The symbol without words, in mathtext: its last formula, or the symbol in roman.

        >>> Observable("mass", "jet mass", r"Jet mass $m$", "GeV").formula
        '$m$'
        """
        formulas = re.findall(r"(?<!\\)\$.+?(?<!\\)\$", self.symbol)
        return formulas[-1] if formulas else self.symbol


JET_OBSERVABLES = (
    Observable("relative_mass", "relative jet mass", r"Relative jet mass $m / p_\mathrm{T}$"),
    Observable("mass", "jet mass", r"Jet mass $m$", "GeV"),
    Observable("pt", "jet transverse momentum", r"Jet $p_\mathrm{T}$", "GeV"),
    Observable("energy", "jet energy", r"Jet energy $E$", "GeV"),
    Observable("eta", "jet pseudorapidity", r"Jet $\eta$"),
    Observable("phi", "jet azimuth", r"Jet $\phi$", "rad"),
    Observable("multiplicity", "particles per jet", "Particles per jet $n$"),
)
"""One number a jet each."""

PARTICLE_OBSERVABLES = (
    Observable("etarel", "relative pseudorapidity", r"Particle $\eta^\mathrm{rel}$"),
    Observable("phirel", "relative azimuth", r"Particle $\phi^\mathrm{rel}$", "rad"),
    Observable("ptrel", "relative transverse momentum", r"Particle $p_\mathrm{T}^\mathrm{rel}$"),
)
"""One number a particle each, measured from the jet's own four-momentum sum."""


@dataclass(frozen=True)
class MeasuredSets:
    """A cloud in float64, each jet in its own frame, with the observables that it determines.

    Args:
        relative: ``(B, N)`` particles as ``etarel, phirel, ptrel``; its conditions are the
            jet's pt, eta, phi and mass as far as they are known.
        observables: ``(B,)`` values by name. A relative cloud that does not know its jets' pT
            and eta has only ``relative_mass`` and ``multiplicity``; one that does not know their
            azimuth has no ``phi``.
        kind: jets or other sets, and what they are called.
    """

    relative: ParticleCloud
    observables: dict[str, Tensor]
    kind: Kind = JETS

    def __len__(self) -> int:
        return len(self.relative)

    def __getitem__(self, index: Tensor | slice) -> MeasuredSets:
        """The jets that ``index`` selects."""
        observables = {name: values[index] for name, values in self.observables.items()}
        return replace(self, relative=self.relative[index], observables=observables)

    @cached_property
    def polynomials(self) -> Tensor:
        """``(B, 36)`` energy-flow polynomials of at most four edges, computed when first used."""
        return efps(self.relative)


@takes_sets
def measure(cloud: ParticleCloud) -> MeasuredSets:
    r"""Measure a cloud's jets: ``p = sum_i p_i`` over massless particles, in float64.

    ``mass = sqrt(E^2 - |p|^2)``, ``relative_mass = mass / pt``, ``eta = asinh(pz / pt)``,
    ``phi = atan2(py, px)``; all zero for a jet without particles. Relative clouds that know
    their jets' ``pt`` and ``eta`` are measured in the laboratory, so that the same jets give the
    same numbers from either representation.

    Raises:
        InputError: when the features are neither Cartesian nor relative, or a momentum is in no
            unit of energy.

    >>> from jetgen.cloud import CARTESIAN, ParticleCloud
    >>> back_to_back = torch.tensor([[[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]]])
    >>> jets = ParticleCloud(back_to_back, torch.ones(1, 2, dtype=torch.bool), CARTESIAN)
    >>> round(measure(jets).observables["mass"].item(), 6)
    2.0
    """
    cloud = in_gev(cloud.to(torch.float64))
    cartesian = cloud.features[:3] == CARTESIAN
    placed = cartesian or (cloud.has_condition("pt") and cloud.has_condition("eta"))
    relative = to_relative(cloud)
    pt, eta, mass = (relative.condition(name) for name in ("pt", "eta", "mass"))
    observables = {
        "relative_mass": torch.where(pt > 0, mass / torch.where(pt > 0, pt, 1.0), 0.0),
        "multiplicity": relative.multiplicity.to(torch.float64),
    }
    if placed:
        energy = torch.sqrt((pt * torch.cosh(eta)) ** 2 + mass**2)
        observables |= {"mass": mass, "pt": pt, "energy": energy, "eta": eta}
        if relative.has_condition("phi"):
            observables["phi"] = relative.condition("phi")
    known = {f: observables[f.name] for f in JET_KINEMATICS if f.name in observables}
    bare = relative.replace(conditions=pt.new_zeros(len(pt), 0), condition_features=())
    return MeasuredSets(bare.with_conditions(known), observables)
