"""The momenta of a cloud, and the conversion between Cartesian and relative particles.

The formulas for single four-momenta of :mod:`jetgen.kinematics` can also be imported from here.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError, some
from jetgen.kinematics import (
    eta,
    mass,
    mass_squared,
    massive,
    massless,
    on_shell,
    phi,
    pt,
    safe_sqrt,
    wrap_phi,
)

__all__ = [
    "JET_KINEMATICS",
    "eta",
    "jet_momentum",
    "laboratory_jets",
    "mass",
    "mass_squared",
    "massive",
    "massless",
    "particle_momenta",
    "phi",
    "pt",
    "to_cartesian",
    "to_relative",
    "wrap_phi",
]

JET_KINEMATICS = (
    Feature("pt", "GeV"),
    Feature("eta"),
    Feature("phi", "rad"),
    Feature("mass", "GeV"),
)
"""The conditions that give a jet's position and momentum in the detector."""


@takes_sets
def particle_momenta(cloud: ParticleCloud) -> Tensor:
    """Four-momenta ``(B, N, 4)`` of a cloud's particles, zero where masked.

    For Cartesian clouds, in GeV in the laboratory frame (massless without the feature ``E``); for
    relative clouds, in the frame where the jet has unit pT, zero eta and zero phi. Energies are
    those of :func:`jetgen.kinematics.on_shell`.

    Raises:
        InputError: when the features are neither Cartesian nor relative.
    """
    names = tuple(f.name for f in cloud.features)
    if names[:4] == tuple(f.name for f in CARTESIAN_ENERGY):
        return on_shell(cloud.particles[..., :4])
    if names[:3] == tuple(f.name for f in CARTESIAN):
        momentum = cloud.particles[..., :3]
        energy = safe_sqrt((momentum**2).sum(-1, keepdim=True))
        return torch.cat([momentum, energy], dim=-1)
    if names[:3] == tuple(f.name for f in RELATIVE):
        p4 = massless(cloud.particles[..., 2], cloud.particles[..., 0], cloud.particles[..., 1])
        return torch.where(cloud.mask.unsqueeze(-1), p4, torch.zeros_like(p4))
    raise InputError(
        f"features: expected px, py, pz[, E] or etarel, phirel, ptrel, received {some(names)}"
    )


@takes_sets
def jet_momentum(cloud: ParticleCloud) -> Tensor:
    """Sum ``(B, 4)`` of a cloud's particle momenta, in float64 (masses suffer cancellation)."""
    return particle_momenta(cloud.to(torch.float64)).sum(1)


@takes_sets
def to_relative(cloud: ParticleCloud) -> ParticleCloud:
    """Particles relative to the jet that is their sum: ``etarel, phirel, ptrel``.

    The jet's ``pt, eta, phi, mass`` (four-momentum sum of massless particles) become conditions.
    The particles of a relative cloud are recomputed relative to their own sum, so that a jet
    reduced to its leading particles, or one whose particles do not add up to its conditions, is
    described in its own frame; the conditions are updated, without ``phi`` if the cloud has none.
    """
    double = cloud.to(torch.float64)
    if cloud.features[:3] == RELATIVE and cloud.has_condition("pt") and cloud.has_condition("eta"):
        double = to_cartesian(double)  # pseudorapidities of massive jets are not additive
    massless_only = replace(
        double, particles=double.particles[..., :3], features=double.features[:3]
    )
    p4 = particle_momenta(massless_only)
    kinematics = _kinematics(p4.sum(1))
    jet_pt, jet_eta, jet_phi, _ = (values.unsqueeze(1) for values in kinematics.values())
    relative = torch.stack(
        [
            eta(p4) - jet_eta,
            wrap_phi(phi(p4) - jet_phi),
            pt(p4) / jet_pt.clamp(min=torch.finfo(torch.float64).tiny),
        ],
        dim=-1,
    )
    measured = replace(double, particles=relative, features=RELATIVE).to(cloud.particles.dtype)
    if cloud.features[:3] == RELATIVE and not cloud.has_condition("phi"):
        kinematics = {f: values for f, values in kinematics.items() if f.name != "phi"}
    return measured.with_conditions(kinematics)


def _kinematics(p4: Tensor) -> dict[Feature, Tensor]:
    """pT, pseudorapidity, azimuth and mass ``(B,)`` of jets ``(B, 4)``, as conditions."""
    return dict(zip(JET_KINEMATICS, (pt(p4), eta(p4), phi(p4), mass(p4)), strict=True))


@takes_sets
def to_cartesian(cloud: ParticleCloud) -> ParticleCloud:
    """Particles as ``px, py, pz`` in GeV; relative clouds need the conditions ``pt`` and ``eta``.

    The azimuth is set to zero if the cloud has no condition ``phi`` (JetNet files do not contain
    it).

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


@takes_sets
def laboratory_jets(jets: ParticleCloud) -> ParticleCloud:
    """Jets as they are written to files: Cartesian, with the jet-level values of their sum."""
    cartesian = to_cartesian(jets)
    return cartesian.with_conditions(_kinematics(jet_momentum(cartesian)))
