"""The one data type that every part of jetgen shares: a batch of particle sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen import kinematics
from jetgen.errors import InputError, did_you_mean, some
from jetgen.ragged import ragged
from jetgen.weights import require_some_weight, require_weights


class Feature(NamedTuple):
    """Name and unit of one column; the unit of a pure number is the empty string."""

    name: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


CARTESIAN = (Feature("px", "GeV"), Feature("py", "GeV"), Feature("pz", "GeV"))
"""Massless particles as three-momenta."""

CARTESIAN_ENERGY = (*CARTESIAN, Feature("E", "GeV"))
"""Particles as four-momenta."""

RELATIVE = (Feature("etarel"), Feature("phirel", "rad"), Feature("ptrel"))
"""Massless particles relative to their jet: eta - eta_jet, phi - phi_jet, pT / pT_jet."""


@dataclass(frozen=True, eq=False)
class ParticleCloud:
    r"""A batch of ``B`` sets of at most ``N`` particles; order inside a set carries no meaning.

    Two clouds are equal (``==``) only when they are one object; compare their tensors by
    ``torch.equal`` or ``torch.testing.assert_close``.

    Args:
        particles: ``(B, N, F)`` floating point; padded slots are zero (they are set to zero
            here, whatever they held). NumPy arrays become tensors, here and below.
        mask: ``(B, N)`` bool, true where a slot holds a particle.
        features: names and units of the ``F`` columns.
        conditions: ``(B, C)`` one row of global quantities per set (jet pT, mass, ...).
        condition_features: names and units of the ``C`` columns.
        weights: ``(B,)`` event weights of zero or more; one each when omitted.

    Raises:
        InputError: when shapes, names or types do not fit together, or weights are negative or no
            finite numbers.
    """

    particles: Tensor
    mask: Tensor
    features: tuple[Feature, ...]
    conditions: Tensor = field(default=None)  # type: ignore[assignment]
    condition_features: tuple[Feature, ...] = ()
    weights: Tensor = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._check()
        if self.weights.device.type == "cpu":  # others were checked before they went to a device
            require_weights(self.weights)
        self._pad()

    def _check(self) -> None:
        """Fill in what was omitted; refuse what does not fit together."""
        for name in ("particles", "mask", "conditions", "weights"):
            if isinstance(getattr(self, name), np.ndarray):
                object.__setattr__(self, name, torch.from_numpy(getattr(self, name)))
            if not isinstance(getattr(self, name), Tensor | None):
                raise InputError(
                    f"{name}: expected a tensor or a NumPy array, received "
                    f"{type(getattr(self, name)).__name__}; jetgen.from_numpy and "
                    "jetgen.from_awkward make clouds of other arrays"
                )
        particles, mask = self.particles, self.mask
        if particles.ndim != 3:
            raise InputError(
                f"particles: expected shape (B, N, F), received {tuple(particles.shape)}"
            )
        if not particles.is_floating_point():
            raise InputError(
                f"particles: expected floating-point numbers, received {particles.dtype}"
            )
        if mask.shape != particles.shape[:2]:
            raise InputError(
                f"mask: expected shape {tuple(particles.shape[:2])}, received {tuple(mask.shape)}"
            )
        if mask.dtype != torch.bool:
            raise InputError(f"mask: expected a mask of bool, received {mask.dtype}")
        size = len(particles)
        if self.conditions is None:
            object.__setattr__(self, "conditions", particles.new_zeros(size, 0))
        if self.weights is None:
            object.__setattr__(self, "weights", particles.new_ones(size))
        for name, tensor, shape, names in (
            ("particles", particles, (*mask.shape, len(self.features)), self.features),
            (
                "conditions",
                self.conditions,
                (size, len(self.condition_features)),
                self.condition_features,
            ),
            ("weights", self.weights, (size,), ()),
        ):
            if tuple(tensor.shape) != shape:
                raise InputError(
                    f"{name}: expected shape {shape}, received {tuple(tensor.shape)}"
                    + (f" for the columns {', '.join(f.name for f in names)}" if names else "")
                    + ("; name them by `features`" if name == "particles" else "")
                )

    def _pad(self) -> None:
        """Set padded slots to zero."""
        blank = self.particles.new_zeros(())
        zeroed = torch.where(self.mask.unsqueeze(-1), self.particles, blank)
        object.__setattr__(self, "particles", zeroed)

    def replace(self, **fields: Any) -> ParticleCloud:
        """The cloud with other values of some fields; the tensors of all others are shared.

        Unlike ``dataclasses.replace`` it copies the particles only where they or the mask
        change.

        Raises:
            InputError: when shapes, names or types do not fit together, or new weights are
                negative, no finite numbers, or all zero.
        """
        changed = self._moved(**fields)
        changed._check()
        if "weights" in fields:
            require_some_weight(changed.weights)
        if "particles" in fields or "mask" in fields:
            changed._pad()
        return changed

    def _moved(self, **fields: Any) -> ParticleCloud:
        """The same for sets whose padded slots are zero already and whose shapes fit."""
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__ | fields)
        return changed

    def with_unchecked_weights(self, weights: Tensor) -> ParticleCloud:
        """The cloud with weights ``(B,)`` that may be odd, as a file may hold them.

        Readers return such clouds, so that :func:`jetgen.datasets.read` can say which jets of a
        file have odd weights, and ``jetgen inspect`` can count them.
        """
        return self._moved(weights=weights)

    def __len__(self) -> int:
        return len(self.particles)

    def __repr__(self) -> str:
        shape = " x ".join(str(n) for n in self.particles.shape)
        columns = ", ".join(str(f) for f in self.features)
        conditions = ", ".join(str(f) for f in self.condition_features)
        return f"ParticleCloud({shape}: {columns}; conditions: {conditions or 'none'})"

    def __getitem__(self, index: slice | Tensor | Sequence[int]) -> ParticleCloud:
        """The sets that ``index`` selects (a slice, a bool mask ``(B,)`` or indices).

        Raises:
            InputError: for a single number, which would be no cloud.
        """
        if isinstance(index, int):
            raise InputError(
                f"index: expected a slice, a mask or indices, received {index}; "
                f"cloud[{index}:{index + 1}] is a cloud of that set"
            )
        return self._moved(
            particles=self.particles[index],
            mask=self.mask[index],
            conditions=self.conditions[index],
            weights=self.weights[index],
        )

    @property
    def slots(self) -> int:
        """Largest number of particles that a set can hold."""
        return self.mask.shape[1]

    @property
    def multiplicity(self) -> Tensor:
        """``(B,)`` number of particles in each set."""
        return self.mask.sum(1)

    @property
    def momentum(self) -> Tensor:
        """``(B, 4)`` the sums ``px, py, pz, E`` of the particles' four-momenta, in float64.

        In the unit of the features; particles without ``E`` or ``mass`` count as massless.
        Relative particles are placed by the conditions ``pt``, ``eta`` and ``phi``; one, zero and
        zero stand for those that are not known.

        Raises:
            InputError: when the features are no momenta.
        """
        p4 = self._particle_momenta()
        if p4 is None:
            raise InputError(
                "features: expected px, py, pz[, E] or pt, eta, phi[, mass] or etarel, phirel, "
                f"ptrel, received {some(f.name for f in self.features)}"
            )
        return torch.where(self.mask.unsqueeze(-1), p4, torch.zeros_like(p4)).sum(1)

    def _particle_momenta(self) -> Tensor | None:
        """``(B, N, 4)`` what :attr:`momentum` adds up, undefined in padded slots; or none."""
        cloud = self.to(torch.float64)
        values = {f.name: cloud.particles[..., i] for i, f in enumerate(self.features)}
        if {"etarel", "phirel", "ptrel"} <= values.keys():
            pt, eta, phi = (
                cloud.condition(name).unsqueeze(1) if cloud.has_condition(name) else default
                for name, default in (("pt", 1.0), ("eta", 0.0), ("phi", 0.0))
            )
            return kinematics.massless(
                values["ptrel"] * pt, values["etarel"] + eta, values["phirel"] + phi
            )
        p4 = kinematics.four_momenta(values)
        return kinematics.on_shell(p4) if p4 is not None and "E" in values else p4

    @property
    def pt(self) -> Tensor:
        """``(B,)`` transverse momentum of :attr:`momentum`."""
        return kinematics.pt(self.momentum)

    @property
    def eta(self) -> Tensor:
        """``(B,)`` pseudorapidity of :attr:`momentum`; zero without transverse momentum."""
        return kinematics.eta(self.momentum)

    @property
    def phi(self) -> Tensor:
        """``(B,)`` azimuth [rad] of :attr:`momentum`."""
        return kinematics.phi(self.momentum)

    @property
    def mass(self) -> Tensor:
        """``(B,)`` invariant mass of :attr:`momentum`."""
        return kinematics.mass(self.momentum)

    @property
    def energy(self) -> Tensor:
        """``(B,)`` energy of :attr:`momentum`."""
        return self.momentum[:, 3]

    def feature(self, name: str) -> Tensor:
        """``(B, N)`` values of one particle feature, zero where masked."""
        return self.particles[..., _column(name, self.features, "particle feature")]

    def condition(self, name: str) -> Tensor:
        """``(B,)`` values of one condition."""
        return self.conditions[:, _column(name, self.condition_features, "condition")]

    def has_condition(self, name: str) -> bool:
        return any(f.name == name for f in self.condition_features)

    def with_conditions(self, columns: dict[Feature, Tensor]) -> ParticleCloud:
        """The cloud with these conditions ``(B,)`` added, or replaced where the name is known."""
        merged = {f: self.conditions[:, i] for i, f in enumerate(self.condition_features)}
        names = {f.name: f for f in merged}
        for feature, values in columns.items():
            merged[names.get(feature.name, feature)] = values.to(self.particles)
        stacked = torch.stack(list(merged.values()), dim=1) if merged else self.conditions
        return self.replace(conditions=stacked, condition_features=tuple(merged))

    def to(self, target: torch.device | str | torch.dtype) -> ParticleCloud:
        """The cloud on another device, or in another floating-point type."""
        mask = self.mask if isinstance(target, torch.dtype) else self.mask.to(target)
        return self._moved(
            particles=self.particles.to(target),
            mask=mask,
            conditions=self.conditions.to(target),
            weights=self.weights.to(target),
        )

    def detach(self) -> ParticleCloud:
        """The cloud without gradients."""
        return self._moved(
            particles=self.particles.detach(),
            conditions=self.conditions.detach(),
            weights=self.weights.detach(),
        )

    def compact(self, size: int | None = None) -> ParticleCloud:
        """Particles moved to the front, in their order, and padded to ``size`` slots.

        ``size`` defaults to the largest multiplicity (at least 1); sets that hold more
        particles keep the first ``size``.
        """
        if size is None:
            size = max(1, int(self.multiplicity.max())) if len(self) else 1
        order = torch.argsort(~self.mask, dim=1, stable=True)[:, :size]
        particles = torch.take_along_dim(self.particles, order.unsqueeze(-1), dim=1)
        mask = torch.take_along_dim(self.mask, order, dim=1)
        padding = size - mask.shape[1]
        if padding > 0:
            particles = torch.nn.functional.pad(particles, (0, 0, 0, padding))
            mask = torch.nn.functional.pad(mask, (0, padding))
        return self._moved(particles=particles, mask=mask)

    def leading(self, size: int, by: str | Tensor) -> ParticleCloud:
        """The ``size`` particles of each set with the largest ``by``, in falling order.

        Args:
            size: how many.
            by: the name of a feature, or values ``(B, N)``.
        """
        values = self.feature(by) if isinstance(by, str) else by
        key = values.masked_fill(~self.mask, -torch.inf)
        order = torch.argsort(key, dim=1, descending=True, stable=True)
        return self._moved(
            particles=torch.take_along_dim(self.particles, order.unsqueeze(-1), dim=1),
            mask=torch.take_along_dim(self.mask, order, dim=1),
        ).compact(size)

    def shuffled(self, generator: torch.Generator | None = None) -> ParticleCloud:
        """The same sets with the slots of each in a random order."""
        order = torch.rand(self.mask.shape, generator=generator).argsort(1).to(self.mask.device)
        return self._moved(
            particles=torch.take_along_dim(self.particles, order.unsqueeze(-1), dim=1),
            mask=torch.take_along_dim(self.mask, order, dim=1),
        )

    @staticmethod
    def concatenate(clouds: Sequence[ParticleCloud]) -> ParticleCloud:
        """One batch of all sets, padded to the largest ``N``.

        Raises:
            InputError: when the clouds differ in features or conditions, or there is none.
        """
        if not clouds:
            raise InputError("concatenate: expected at least one cloud, received none")
        first = clouds[0]
        for cloud in clouds[1:]:
            same = (first.features, first.condition_features)
            if (cloud.features, cloud.condition_features) != same:
                raise InputError(f"concatenate: expected clouds alike, received {first}, {cloud}")
        size = max(cloud.mask.shape[1] for cloud in clouds)

        def padded(tensor: Tensor) -> Tensor:
            blanks = (0, 0) * (tensor.ndim - 2) + (0, size - tensor.shape[1])
            return torch.nn.functional.pad(tensor, blanks)

        return first._moved(
            particles=torch.cat([padded(cloud.particles) for cloud in clouds]),
            mask=torch.cat([padded(cloud.mask) for cloud in clouds]),
            conditions=torch.cat([cloud.conditions for cloud in clouds]),
            weights=torch.cat([cloud.weights for cloud in clouds]),
        )

    def to_numpy(self) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """The particles ``(B, N, F)``, zero where padded, and the mask ``(B, N)``."""
        return self.particles.detach().cpu().numpy(), self.mask.cpu().numpy()

    def to_awkward(self) -> Any:
        """A ragged ``awkward`` array with one record per set, of ``particles`` and conditions.

        ``array.particles`` are lists of records with the features as fields. The fields
        ``conditions`` and ``weights`` hold one value for each set. Where the features are momenta
        in any form (those of :attr:`momentum`), sets and particles have vector's methods:
        ``array.mass`` is that of the jets, ``array.particles.pt`` that of each particle. For this
        the sets have the fields ``px, py, pz, E``, and the particles those of ``pt, eta, phi,
        mass`` that vector needs beside their features; the feature ``y`` is called ``rapidity``.
        Particles with several sets of coordinates, such as ``px, py, pz, pt``, have no methods.
        """
        cloud = self.detach().to("cpu")
        momenta = cloud._particle_momenta()
        return ragged(
            cloud.particles.double()[cloud.mask],
            [feature.name for feature in cloud.features],
            cloud.multiplicity,
            momenta=None if momenta is None else momenta[cloud.mask],
            sums=None if momenta is None else cloud.momentum,
            conditions={f.name: cloud.condition(f.name) for f in cloud.condition_features},
            weights=cloud.weights,
        )


def _column(name: str, features: tuple[Feature, ...], kind: str) -> int:
    for i, feature in enumerate(features):
        if feature.name == name:
            return i
    if not features:
        raise InputError(f"{kind} {name!r}: expected a set with {kind}s, received one without any")
    known = [f.name for f in features]
    meant = did_you_mean(name, known)
    raise InputError(f"{kind} {name!r}: expected one of {some(known)}{meant}")
