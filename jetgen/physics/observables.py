"""Jet and particle observables: seven numbers per jet and three per particle.

All observables are computed from the particles: every jet, real or generated, is the four-momentum
sum of its massless particles, and every particle is described relative to that sum. They therefore
show when the particles of a generated jet do not add up to the requested jet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.kinds import JETS, Kind
from jetgen.memory import release_memory
from jetgen.physics.efp import efps
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.physics.units import in_gev
from jetgen.threads import in_threads
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
        return len(self.frame)

    @property
    def frame(self) -> ParticleCloud:
        """The sets without their items: names of features, conditions and weights."""
        return _without_items(self.relative)

    @property
    def slots(self) -> int:
        """Largest number of items that a set can hold."""
        return self.relative.mask.shape[1]

    @property
    def multiplicity(self) -> Tensor:
        """``(B,)`` number of items of each set."""
        return self.relative.multiplicity

    @property
    def weights(self) -> Tensor:
        """``(B,)`` event weights, in float64."""
        return self.frame.weights.double()

    @property
    def counted(self) -> int:
        """The effective number of sets; without weights, how many they are."""
        return counted_sets(self.frame.weights)

    def cloud(self, rows: Tensor | slice) -> ParticleCloud:
        """:attr:`relative` of the sets that ``rows`` selects."""
        return self.relative[rows]

    def compact(self, rows: Tensor) -> ParticleCloud:
        """:meth:`cloud`, with no more slots than the largest of the sets needs."""
        return self.cloud(rows).compact()

    def by_size(self, work: Callable[[ParticleCloud], Tensor]) -> Tensor:
        """``work`` of all sets, ``(B, ...)``, in threads, on sets of similar size at a time."""
        order = self.multiplicity.argsort(descending=True, stable=True)
        parts = in_threads(lambda rows: work(self.compact(rows)), order.split(_FEW))
        return torch.cat(parts)[order.argsort()]

    def pieces(self) -> Iterator[MeasuredSets]:
        """All sets in their order, a few thousand at a time."""
        for start in range(0, max(1, len(self)), _CHUNK):
            yield self[start : start + _CHUNK]

    def pooled(self, feature: str) -> Tensor:
        """``(M,)`` values of a feature of all items, one set after the other."""
        clouds = (piece.relative for piece in self.pieces())
        return torch.cat([cloud.feature(feature)[cloud.mask] for cloud in clouds])

    def drawn_by_weight(self, number: int) -> MeasuredSets:
        """``number`` of the sets, as :func:`jetgen.weights.systematic_draw` takes them.

        Each has weight one.
        """
        sets = self[systematic_draw(self.weights, number)]
        return MeasuredSets(sets.relative.replace(weights=None), sets.observables, self.kind)

    def __getitem__(self, index: Tensor | slice) -> MeasuredSets:
        """The jets that ``index`` selects."""
        return self._sharing(self._observables_of(index), index)

    def chosen(self, rows: Tensor) -> MeasuredSets:
        """The jets with these indices ``(B,)``; their particles are not copied until needed."""
        return ChosenSets(self, rows, self._observables_of(rows))._knowing(self, rows)

    def with_observables(self, found: dict[str, Tensor]) -> MeasuredSets:
        """The same jets with further observables."""
        return self._sharing(self.observables | found)

    def with_polynomials(self, values: Tensor) -> MeasuredSets:
        """The same jets, whose :attr:`polynomials` are known."""
        same = self._sharing(self.observables)
        vars(same)["polynomials"] = values
        return same

    @cached_property
    def polynomials(self) -> Tensor:
        """``(B, 36)`` energy-flow polynomials of at most four edges, computed when first used."""
        return self.by_size(efps)

    def _sharing(
        self, observables: dict[str, Tensor], index: Tensor | slice = slice(None)
    ) -> MeasuredSets:
        """Some of these sets with such observables."""
        same = MeasuredSets(self.cloud(index), observables, self.kind)
        return same._knowing(self, index)

    def _observables_of(self, index: Tensor | slice) -> dict[str, Tensor]:
        return {name: values[index] for name, values in self.observables.items()}

    def _knowing(self, whole: MeasuredSets, index: Tensor | slice) -> MeasuredSets:
        """With the polynomials of ``whole``, where they have been computed."""
        if "polynomials" in vars(whole):
            vars(self)["polynomials"] = whole.polynomials[index]
        return self


class ChosenSets(MeasuredSets):
    """Some of measured sets in any order, whose particles are gathered whenever they are used.

    Args:
        base: the sets.
        rows: the indices ``(B,)`` of these.
        observables: ``(B,)`` values by name.
    """

    base: MeasuredSets
    rows: Tensor

    def __init__(self, base: MeasuredSets, rows: Tensor, observables: dict[str, Tensor]) -> None:
        vars(self).update(base=base, rows=rows, observables=observables, kind=base.kind)

    @property
    def relative(self) -> ParticleCloud:
        return self.base.cloud(self.rows)

    @property
    def frame(self) -> ParticleCloud:
        return self.base.frame[self.rows]

    @property
    def slots(self) -> int:
        return self.base.slots

    @property
    def multiplicity(self) -> Tensor:
        return self.base.multiplicity[self.rows]

    def cloud(self, rows: Tensor | slice) -> ParticleCloud:
        return self.base.cloud(self.rows[rows])

    def compact(self, rows: Tensor) -> ParticleCloud:
        return self.base.compact(self.rows[rows])

    def _sharing(
        self, observables: dict[str, Tensor], index: Tensor | slice = slice(None)
    ) -> MeasuredSets:
        return ChosenSets(self.base, self.rows[index], observables)._knowing(self, index)


class PackedSets(MeasuredSets):
    """Measured sets whose items are stored without padding, which is added whenever it is used.

    Args:
        frame: the sets without their items.
        items: ``(M, F)`` the items of all sets, one set after the other.
        multiplicity: ``(B,)`` int64, how many each set has.
        slots: size to which sets are padded.
        observables: ``(B,)`` values by name.
        kind: jets or other sets.
    """

    _frame: ParticleCloud
    _items: Tensor
    _ends: Tensor
    _slots: int

    def __init__(
        self,
        frame: ParticleCloud,
        items: Tensor,
        multiplicity: Tensor,
        slots: int,
        observables: dict[str, Tensor],
        kind: Kind,
    ) -> None:
        ends = torch.cat([multiplicity.new_zeros(1), multiplicity.cumsum(0)])
        vars(self).update(_frame=frame, _items=items, _ends=ends, _slots=slots)
        vars(self).update(observables=observables, kind=kind)

    @classmethod
    def of(cls, part: MeasuredSets) -> PackedSets:
        """The same sets without padding."""
        cloud = part.relative
        frame, items = _without_items(cloud), cloud.particles[cloud.mask]
        return cls(frame, items, cloud.multiplicity, part.slots, part.observables, part.kind)

    @classmethod
    def joined(cls, parts: Sequence[PackedSets]) -> PackedSets:
        """All sets of the parts, with the observables that all have."""
        observables = [part.observables for part in parts]
        common = [name for name in observables[0] if all(name in each for each in observables)]
        release_memory()  # of what the parts were made from
        return cls(
            ParticleCloud.concatenate([part.frame for part in parts]),
            torch.cat([part._items for part in parts]),
            torch.cat([part.multiplicity for part in parts]),
            max(part.slots for part in parts),
            {name: torch.cat([each[name] for each in observables]) for name in common},
            parts[-1].kind,
        )

    @property
    def relative(self) -> ParticleCloud:
        return self.cloud(slice(None))

    @property
    def frame(self) -> ParticleCloud:
        return self._frame

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def multiplicity(self) -> Tensor:
        return self._ends.diff()

    def cloud(self, rows: Tensor | slice, slots: int | None = None) -> ParticleCloud:
        counts, items = self.multiplicity[rows], self._items_of(rows)
        mask = torch.arange(slots or self._slots, device=items.device) < counts.unsqueeze(1)
        particles = items.new_zeros(*mask.shape, items.shape[1])
        particles[mask] = items
        return self._frame[rows]._moved(particles=particles, mask=mask)

    def compact(self, rows: Tensor) -> ParticleCloud:
        return self.cloud(rows, max([1, *self.multiplicity[rows].tolist()]))

    def pooled(self, feature: str) -> Tensor:
        names = [known.name for known in self._frame.features]
        return self._items[:, names.index(feature)].contiguous()

    def _items_of(self, rows: Tensor | slice) -> Tensor:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._items[self._ends[start] : self._ends[max(start, stop)]]
        counts, first = self.multiplicity[rows], self._ends[:-1][rows]
        shift = (first - counts.cumsum(0) + counts).repeat_interleave(counts)
        return self._items[shift + torch.arange(len(shift), device=shift.device)]

    def _sharing(
        self, observables: dict[str, Tensor], index: Tensor | slice = slice(None)
    ) -> MeasuredSets:
        same = PackedSets(
            self._frame[index],
            self._items_of(index),
            self.multiplicity[index],
            self._slots,
            observables,
            self.kind,
        )
        return same._knowing(self, index)


def _without_items(cloud: ParticleCloud) -> ParticleCloud:
    return cloud._moved(particles=cloud.particles[:, :0].clone(), mask=cloud.mask[:, :0].clone())


_CHUNK = 2048
"""Jets that are measured at once, which bounds the memory."""

_FEW = 512
"""Jets of similar size that a thread measures at once."""


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
    pieces = [slice(k, k + _CHUNK) for k in range(0, len(cloud), _CHUNK)]
    return PackedSets.joined(in_threads(lambda k: PackedSets.of(_measured(cloud[k])), pieces))


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
