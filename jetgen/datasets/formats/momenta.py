"""Jets from arrays of the momenta of their particles, in any supported coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.datasets.formats.recognition import JetColumns
from jetgen.physics import fourvectors
from jetgen.physics.fourvectors import JET_KINEMATICS


class Slots(NamedTuple):
    """Values ``(B, N)`` in float64, zero where the mask ``(B, N)`` is false."""

    values: Tensor
    mask: Tensor


def jet_features(layout: JetColumns) -> tuple[Feature, ...]:
    """The conditions of jets assembled from these columns."""
    known: tuple[Feature, ...] = JET_KINEMATICS
    if "ptrel" in layout.particles:  # without jet columns pT and direction are unknown
        known = tuple(f for f in JET_KINEMATICS if f.name in _known_of_jets(layout.jets))
    return (*known, Feature("num_particles"), Feature("type"))


def assemble(
    particles: Mapping[str, Slots],
    jets: Mapping[str, Any],
    types: Tensor,
    *,
    scale: float,
    padded: bool,
    extra: Mapping[Feature, Tensor] | None = None,
    weights: Tensor | None = None,
) -> ParticleCloud:
    """Assemble particles as ``px, py, pz[, E]`` in GeV, or ``etarel, phirel, ptrel``, and jets.

    Args:
        particles: quantities of the particles, optionally with their ``mask``.
        jets: quantities of the jets ``(B,)``; missing ones are computed from the sum of the
            particles.
        types: ``(B,)`` type indices.
        scale: GeV per unit of the momenta.
        padded: whether slots without momentum may be padding.
        extra: further features of the particles ``(B, N)``.
        weights: ``(B,)`` event weights.
    """
    extra = extra or {}
    values = {role: slots.values for role, slots in particles.items()}
    mask = next(iter(particles.values())).mask
    if "mask" in values:
        mask = mask & (values.pop("mask") != 0)
    elif padded:
        mask = mask & _filled(values)
    momenta, features = _momenta(values, scale)
    empty = momenta.new_zeros(())
    momenta = torch.where(mask.unsqueeze(-1), momenta, empty)
    own = {role: torch.from_numpy(np.asarray(v, dtype=np.float64)) for role, v in jets.items()}
    known = _jet_kinematics(own, scale)
    if features != RELATIVE:
        known = _of_sum(momenta) | known
    conditions = {f: known[f.name] for f in JET_KINEMATICS if f.name in known}
    conditions[Feature("num_particles")] = mask.sum(1)
    conditions[Feature("type")] = types
    stacked = torch.stack([column.double() for column in conditions.values()], dim=1)
    cloud = ParticleCloud(
        torch.cat([momenta, *(column.unsqueeze(-1) for column in extra.values())], dim=-1).float(),
        mask,
        (*features, *extra),
        stacked.float(),
        tuple(conditions),
    )
    return cloud if weights is None else cloud.with_unchecked_weights(weights)


def _filled(values: Mapping[str, Tensor]) -> Tensor:
    """Mask of the slots with a particle: those with momentum, and not all NaN."""
    size = [values[role] for role in ("px", "py", "pz", "pt", "ptrel") if role in values]
    missing = torch.stack(list(values.values())).isnan().all(0)
    return (torch.stack(size) != 0).any(0) & ~missing


def _momenta(values: Mapping[str, Tensor], scale: float) -> tuple[Tensor, tuple[Feature, ...]]:
    if "ptrel" in values:
        return torch.stack([values[f.name] for f in RELATIVE], dim=-1), RELATIVE
    energy = values["E"] * scale if "E" in values else None
    mass = values["mass"] * scale if "mass" in values and energy is None else None
    if "px" in values:
        three = torch.stack([values[name] * scale for name in ("px", "py", "pz")], dim=-1)
    else:
        pt, phi = values["pt"] * scale, values["phi"]
        across = [pt * torch.cos(phi), pt * torch.sin(phi)]
        if "eta" in values:
            along = pt * torch.sinh(values["eta"])
        elif energy is not None:
            along = energy * torch.tanh(values["y"])
        else:
            massive = pt if mass is None else (pt.square() + mass.square()).sqrt()
            along = massive * torch.sinh(values["y"])
        three = torch.stack([*across, along], dim=-1)
    if mass is not None:
        energy = (three.square().sum(-1) + mass.square()).sqrt()
    if energy is None:
        return three, CARTESIAN
    return torch.cat([three, energy.unsqueeze(-1)], dim=-1), CARTESIAN_ENERGY


def _of_sum(momenta: Tensor) -> dict[str, Tensor]:
    """The kinematics of the sums of particles ``(B, N, 3 or 4)``."""
    if momenta.shape[-1] == 3:
        momenta = torch.cat([momenta, momenta.norm(dim=-1, keepdim=True)], dim=-1)
    total = momenta.sum(1)
    measured = (fourvectors.pt, fourvectors.eta, fourvectors.phi, fourvectors.mass)
    return {f.name: measure(total) for f, measure in zip(JET_KINEMATICS, measured, strict=True)}


def _known_of_jets(jets: Mapping[str, object]) -> set[str]:
    """Which of pt, eta, phi and mass are given by the columns of the jets."""
    known = {name for name in ("pt", "eta", "phi", "mass") if name in jets}
    longitudinal = "pt" in jets and ("eta" in jets or "y" in jets)
    if longitudinal and "E" in jets:
        known |= {"mass"}
    if "y" in jets and "pt" in jets and ("mass" in jets or "E" in jets):
        known |= {"eta"}
    return known


def _jet_kinematics(jets: Mapping[str, Tensor], scale: float) -> dict[str, Tensor]:
    """pt, eta, phi and mass of the jets that are given by their columns, in GeV."""
    known = {name: jets[name] for name in ("eta", "phi") if name in jets}
    known |= {name: jets[name] * scale for name in ("pt", "mass") if name in jets}
    names = _known_of_jets(jets)
    energy = jets["E"] * scale if "E" in jets else None
    if "eta" in names - known.keys():
        if energy is not None:
            along = energy * torch.tanh(jets["y"])
        else:
            along = (known["pt"].square() + known["mass"].square()).sqrt() * torch.sinh(jets["y"])
        known["eta"] = torch.asinh(along / known["pt"])
    if "mass" in names - known.keys() and energy is not None:
        momentum = known["pt"] * torch.cosh(known["eta"])
        known["mass"] = ((energy - momentum) * (energy + momentum)).clamp(min=0).sqrt()
    return known
