r"""Four-momenta, and the two ways of writing a jet's particles.

Conventions: ``p4`` is ``(..., 4)`` = ``px, py, pz, E`` in GeV (or in units of the jet pT);
pseudorapidity ``eta = asinh(pz / pT)``; ``phi`` in radians in [-pi, pi).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError

JET_KINEMATICS = (
    Feature("pt", "GeV"),
    Feature("eta"),
    Feature("phi", "rad"),
    Feature("mass", "GeV"),
)
"""The conditions that place a jet in the detector."""


def wrap_phi(phi: Tensor) -> Tensor:
    """An angle in radians folded into [-pi, pi)."""
    return torch.remainder(phi + math.pi, 2 * math.pi) - math.pi


def massless(pt: Tensor, eta: Tensor, phi: Tensor) -> Tensor:
    """Four-momenta ``(..., 4)`` of massless particles from pT, pseudorapidity, azimuth."""
    return torch.stack(
        [pt * torch.cos(phi), pt * torch.sin(phi), pt * torch.sinh(eta), pt * torch.cosh(eta)],
        dim=-1,
    )


def massive(pt: Tensor, eta: Tensor, phi: Tensor, mass: Tensor) -> Tensor:
    """Four-momenta ``(..., 4)`` of particles or jets from pT, pseudorapidity, azimuth and mass."""
    p4 = massless(pt, eta, phi)
    energy = _safe_sqrt(p4[..., 3].square() + mass.square())
    return torch.cat([p4[..., :3], energy.unsqueeze(-1)], dim=-1)


def pt(p4: Tensor) -> Tensor:
    """Transverse momentum ``sqrt(px^2 + py^2)``; its gradient at zero is zero."""
    return _safe_sqrt(p4[..., 0] ** 2 + p4[..., 1] ** 2)


def eta(p4: Tensor) -> Tensor:
    """Pseudorapidity ``asinh(pz / pT)``; zero for a null transverse momentum."""
    transverse = pt(p4)
    nonzero = transverse > 0
    ratio = p4[..., 2] / torch.where(nonzero, transverse, torch.ones_like(transverse))
    return torch.where(nonzero, torch.asinh(ratio), torch.zeros_like(ratio))


def phi(p4: Tensor) -> Tensor:
    """Azimuth ``atan2(py, px)`` in radians."""
    return torch.atan2(p4[..., 1], p4[..., 0])


def mass_squared(p4: Tensor) -> Tensor:
    """``E^2 - |p|^2``, which rounding may leave slightly negative."""
    energy, momentum = p4[..., 3], p4[..., :3].norm(dim=-1)
    return (energy - momentum) * (energy + momentum)


def mass(p4: Tensor) -> Tensor:
    """Invariant mass ``sqrt(max(E^2 - |p|^2, 0))``; its gradient at zero is zero."""
    return _safe_sqrt(mass_squared(p4))


def particle_momenta(cloud: ParticleCloud) -> Tensor:
    """Four-momenta ``(B, N, 4)`` of a cloud's particles, zero where masked.

    Cartesian clouds give GeV in the laboratory (massless where no ``E`` is known); relative
    clouds give the momenta in the frame where the jet has unit pT, zero eta and zero phi.

    Raises:
        InputError: when the features are neither Cartesian nor relative.
    """
    names = tuple(f.name for f in cloud.features)
    if names[:4] == tuple(f.name for f in CARTESIAN_ENERGY):
        return cloud.particles[..., :4]
    if names[:3] == tuple(f.name for f in CARTESIAN):
        momentum = cloud.particles[..., :3]
        energy = _safe_sqrt((momentum**2).sum(-1, keepdim=True))
        return torch.cat([momentum, energy], dim=-1)
    if names[:3] == tuple(f.name for f in RELATIVE):
        p4 = massless(cloud.particles[..., 2], cloud.particles[..., 0], cloud.particles[..., 1])
        return torch.where(cloud.mask.unsqueeze(-1), p4, torch.zeros_like(p4))
    raise InputError(
        f"features: expected px, py, pz[, E] or etarel, phirel, ptrel, received {', '.join(names)}"
    )


def jet_momentum(cloud: ParticleCloud) -> Tensor:
    """Sum ``(B, 4)`` of a cloud's particle momenta, in float64 (masses cancel)."""
    return particle_momenta(cloud.to(torch.float64)).sum(1)


def to_relative(cloud: ParticleCloud) -> ParticleCloud:
    """Particles relative to the jet that they sum to: ``etarel, phirel, ptrel``.

    The jet's ``pt, eta, phi, mass`` (four-momentum sum of massless particles) become
    conditions. A cloud that is relative already is measured again against its own sum, so that
    a jet cut to its leading particles, or one whose particles do not add up, is described in
    its own frame; its conditions follow.
    """
    double = cloud.to(torch.float64)
    if cloud.features[:3] == RELATIVE and cloud.has_condition("pt") and cloud.has_condition("eta"):
        double = to_cartesian(double)  # pseudorapidities of massive jets do not simply add
    massless_only = replace(
        double, particles=double.particles[..., :3], features=double.features[:3]
    )
    p4 = particle_momenta(massless_only)
    total = p4.sum(1)
    jet = [pt(total), eta(total), phi(total), mass(total)]
    relative = torch.stack(
        [
            eta(p4) - jet[1].unsqueeze(1),
            wrap_phi(phi(p4) - jet[2].unsqueeze(1)),
            pt(p4) / jet[0].clamp(min=torch.finfo(torch.float64).tiny).unsqueeze(1),
        ],
        dim=-1,
    )
    measured = replace(double, particles=relative, features=RELATIVE).to(cloud.particles.dtype)
    return measured.with_conditions(dict(zip(JET_KINEMATICS, jet, strict=True)))


def to_cartesian(cloud: ParticleCloud) -> ParticleCloud:
    """Particles as ``px, py, pz`` in GeV; relative ones need the conditions ``pt`` and ``eta``.

    Azimuth zero is taken where the jet's ``phi`` is unknown (JetNet files do not hold it).

    Raises:
        InputError: when a relative cloud lacks the jet's pt or eta.
    """
    if cloud.features[:3] == CARTESIAN:
        return replace(cloud, particles=cloud.particles[..., :3], features=CARTESIAN)
    double = cloud.to(torch.float64)
    jet_phi = double.condition("phi") if cloud.has_condition("phi") else torch.zeros(len(cloud))
    p4 = massless(
        double.feature("ptrel") * double.condition("pt").unsqueeze(1),
        double.feature("etarel") + double.condition("eta").unsqueeze(1),
        double.feature("phirel") + jet_phi.to(double.particles).unsqueeze(1),
    )
    return replace(double, particles=p4[..., :3], features=CARTESIAN).to(cloud.particles.dtype)


def _safe_sqrt(square: Tensor) -> Tensor:
    """``sqrt(max(square, 0))`` with zero gradient, instead of infinite, where it is zero."""
    positive = ~(square <= 0)  # a NaN stays a NaN
    return torch.where(
        positive,
        torch.where(positive, square, torch.ones_like(square)).sqrt(),
        torch.zeros_like(square),
    )


def laboratory_jets(jets: ParticleCloud) -> ParticleCloud:
    """Generated jets as files hold them: Cartesian, with the jet-level values of their sum."""
    cartesian = to_cartesian(jets)
    measured = to_relative(cartesian)
    return cartesian.with_conditions(
        {feature: measured.condition(feature.name) for feature in measured.condition_features}
    )
