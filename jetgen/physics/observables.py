"""Jet and particle observables: seven numbers per jet and three per particle.

All observables are computed from the particles: every jet, real or generated, is the four-momentum
sum of its massless particles, and every particle is described relative to that sum. They therefore
show when the particles of a generated jet do not add up to the requested jet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.kinds import JETS, Kind
from jetgen.physics.efp import efps
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.physics.units import in_gev
from jetgen.weights import counted_sets, systematic_draw


class Observable(NamedTuple):
    """A named quantity: ``title`` in words, ``symbol`` in mathtext, ``unit`` or an empty string."""

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
        r"""The last formula of the symbol, in mathtext; the whole symbol if it has no formula.

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
"""Observables with one number per jet."""

PARTICLE_OBSERVABLES = (
    Observable("etarel", "relative pseudorapidity", r"Particle $\eta^\mathrm{rel}$"),
    Observable("phirel", "relative azimuth", r"Particle $\phi^\mathrm{rel}$", "rad"),
    Observable("ptrel", "relative transverse momentum", r"Particle $p_\mathrm{T}^\mathrm{rel}$"),
)
"""Observables with one number per particle, relative to the jet's own four-momentum sum."""


@dataclass(frozen=True)
class MeasuredSets:
    """A cloud in float64, each jet in its own frame, with the observables of its jets.

    Args:
        relative: ``(B, N)`` particles as ``etarel, phirel, ptrel``; its conditions are the jet's
            pt, eta, phi, mass and type, those that are available.
        observables: ``(B,)`` values by name. A relative cloud without the conditions pt and eta has
            only ``relative_mass`` and ``multiplicity``; one without the condition phi has no
            ``phi``.
        kind: jets or other sets.
    """

    relative: ParticleCloud
    observables: dict[str, Tensor]
    kind: Kind = JETS

    def __len__(self) -> int:
        return len(self.relative)

    @property
    def weights(self) -> Tensor:
        """``(B,)`` event weights, in float64."""
        return self.relative.weights.double()

    @property
    def counted(self) -> int:
        """The effective number of sets; without weights, how many they are."""
        return counted_sets(self.relative.weights)

    def drawn_by_weight(self, number: int) -> MeasuredSets:
        """``number`` of the sets, as :func:`jetgen.weights.systematic_draw` takes them.

        Each has weight one.
        """
        sets = self[systematic_draw(self.weights, number)]
        return replace(sets, relative=sets.relative.replace(weights=None))

    def __getitem__(self, index: Tensor | slice) -> MeasuredSets:
        """The jets that ``index`` selects."""
        observables = {name: values[index] for name, values in self.observables.items()}
        chosen = replace(self, relative=self.relative[index], observables=observables)
        if "polynomials" in vars(self):  # where they have been computed
            vars(chosen)["polynomials"] = self.polynomials[index]
        return chosen

    def chosen(self, rows: Tensor) -> MeasuredSets:
        """The jets with these indices ``(B,)``; their particles are not copied until needed."""
        return ChosenSets(self, rows)

    def with_observables(self, found: dict[str, Tensor]) -> MeasuredSets:
        """The same jets with further observables."""
        more = replace(self, observables=self.observables | found)
        if "polynomials" in vars(self):
            vars(more)["polynomials"] = self.polynomials
        return more

    @cached_property
    def polynomials(self) -> Tensor:
        """``(B, 36)`` energy-flow polynomials of at most four edges, computed when first used."""
        return efps(self.relative)


class ChosenSets(MeasuredSets):
    """Some of measured sets in any order, whose particles are gathered whenever they are used.

    Args:
        base: the sets.
        rows: the indices ``(B,)`` of these.
        observables: ``(B,)`` values by name; by default those of ``base``.
    """

    base: MeasuredSets
    rows: Tensor

    def __init__(
        self, base: MeasuredSets, rows: Tensor, observables: dict[str, Tensor] | None = None
    ) -> None:
        if observables is None:
            observables = {name: values[rows] for name, values in base.observables.items()}
        vars(self).update(base=base, rows=rows, observables=observables, kind=base.kind)
        if "polynomials" in vars(base):
            vars(self)["polynomials"] = base.polynomials[rows]

    @property
    def relative(self) -> ParticleCloud:
        return self.base.relative[self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def weights(self) -> Tensor:
        return self.base.weights[self.rows]

    @property
    def counted(self) -> int:
        return counted_sets(self.base.relative.weights[self.rows])

    def drawn_by_weight(self, number: int) -> MeasuredSets:
        return MeasuredSets(self.relative, self.observables, self.kind).drawn_by_weight(number)

    def __getitem__(self, index: Tensor | slice) -> MeasuredSets:
        observables = {name: values[index] for name, values in self.observables.items()}
        return ChosenSets(self.base, self.rows[index], observables)

    def with_observables(self, found: dict[str, Tensor]) -> MeasuredSets:
        more = ChosenSets(self.base, self.rows, self.observables | found)
        if "polynomials" in vars(self):
            vars(more)["polynomials"] = self.polynomials
        return more


_CHUNK = 8192
"""Jets that are measured at once, which bounds the memory."""


@takes_sets
def measure(cloud: ParticleCloud) -> MeasuredSets:
    r"""Compute the observables of jets: ``p = sum_i p_i`` over massless particles, in float64.

    ``mass = sqrt(E^2 - |p|^2)``, ``relative_mass = mass / pt``, ``eta = asinh(pz / pt)``,
    ``phi = atan2(py, px)``; all zero for a jet without particles. The observables of relative
    clouds with the conditions ``pt`` and ``eta`` are computed in the laboratory frame, so that the
    same jets give the same numbers in both representations.

    Raises:
        InputError: when the features are neither Cartesian nor relative, or the unit of a momentum
            is not a unit of energy.

    >>> from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
    >>> back_to_back = torch.tensor([[[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]]])
    >>> jets = ParticleCloud(back_to_back, torch.ones(1, 2, dtype=torch.bool), CARTESIAN)
    >>> round(measure(jets).observables["mass"].item(), 6)
    2.0
    """
    if len(cloud) <= _CHUNK or cloud.particles.requires_grad:
        return _measured(cloud)
    starts = range(0, len(cloud), _CHUNK)
    return _joined((_measured(cloud[k : k + _CHUNK]) for k in starts), len(cloud))


def _joined(parts: Iterator[MeasuredSets], number: int) -> MeasuredSets:
    """All ``number`` sets of the parts, each of which is dropped when it is copied."""
    whole: dict[str, Tensor] = {}
    start = 0
    for part in parts:
        tensors = {name: getattr(part.relative, name) for name in _TENSORS} | part.observables
        for name, values in tensors.items():
            if not start:
                whole[name] = values.new_empty(number, *values.shape[1:])
            whole[name][start : start + len(values)] = values
        start += len(part)
    cloud = part.relative._moved(**{name: whole.pop(name) for name in _TENSORS})
    return MeasuredSets(cloud, whole)


_TENSORS = ("particles", "mask", "conditions", "weights")


def _measured(cloud: ParticleCloud) -> MeasuredSets:
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
    if cloud.has_condition("type"):
        known[Feature("type")] = cloud.condition("type")
    bare = relative.replace(conditions=pt.new_zeros(len(pt), 0), condition_features=())
    return MeasuredSets(bare.with_conditions(known), observables)
