r"""Formulas of four-momenta: functions of tensors alone.

Conventions: ``p4`` is ``(..., 4)`` = ``px, py, pz, E`` in GeV (or in units of the jet pT);
pseudorapidity ``eta = asinh(pz / pT)``; ``phi`` in radians in [-pi, pi).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor


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
    energy = safe_sqrt(p4[..., 3].square() + mass.square())
    return torch.cat([p4[..., :3], energy.unsqueeze(-1)], dim=-1)


def on_shell(p4: Tensor) -> Tensor:
    """Four-momenta ``(..., 4)`` of particles, massless where that is all that rounding left.

    An energy that differs from the momentum by less than twice the rounding of single precision,
    in which most files hold it, is replaced by the momentum. For a jet of 10 TeV at a
    pseudorapidity of 5 (an energy of 742 TeV), rounded energies would change the mass by the order
    of 100 GeV; a massless pion instead of one of 300 GeV or more changes it by less than 0.1 GeV.
    """
    momentum, energy = p4[..., :3], p4[..., 3:]
    length = safe_sqrt((momentum**2).sum(-1, keepdim=True))
    rounded = (energy - length).abs() <= 2**-22 * length
    return torch.cat([momentum, torch.where(rounded, length, energy)], dim=-1)


GEV = {"": 1.0, "eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
"""Size of each unit of energy in GeV; momenta without a unit are assumed to be in GeV."""


def four_momenta(values: Mapping[str, Tensor]) -> Tensor | None:
    """Four-momenta ``(..., 4)`` from quantities by name; ``None`` if these are no momenta.

    Args:
        values: ``px, py, pz`` or ``pt, eta, phi`` or ``pt, y, phi`` (rapidity), and ``E`` or
            ``mass``; massless without both.
    """
    if {"px", "py", "pz"} <= values.keys():
        p3 = torch.stack([values[name] for name in ("px", "py", "pz")], dim=-1)
        energy = values["E"] if "E" in values else p3.norm(dim=-1)
        if "mass" in values and "E" not in values:
            energy = safe_sqrt(energy.square() + values["mass"].square())
        return torch.cat([p3, energy.unsqueeze(-1)], dim=-1)
    if not {"pt", "phi"} <= values.keys() or not values.keys() & {"eta", "y"}:
        return None
    pt, phi = values["pt"], values["phi"]
    mass = values.get("mass", torch.zeros_like(pt))
    if "eta" in values:
        p4 = massive(pt, values["eta"], phi, mass)
        return torch.cat([p4[..., :3], values["E"].unsqueeze(-1)], -1) if "E" in values else p4
    energy = values.get("E", safe_sqrt(pt.square() + mass.square()) * torch.cosh(values["y"]))
    along = energy * torch.tanh(values["y"])
    return torch.stack([pt * torch.cos(phi), pt * torch.sin(phi), along, energy], dim=-1)


def pt(p4: Tensor) -> Tensor:
    """Transverse momentum ``sqrt(px^2 + py^2)``; its gradient at zero is zero."""
    return safe_sqrt(p4[..., 0] ** 2 + p4[..., 1] ** 2)


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
    return safe_sqrt(mass_squared(p4))


def safe_sqrt(square: Tensor) -> Tensor:
    """``sqrt(max(square, 0))`` with zero gradient, instead of infinite, where it is zero."""
    positive = ~(square <= 0)  # a NaN stays a NaN
    return torch.where(
        positive,
        torch.where(positive, square, torch.ones_like(square)).sqrt(),
        torch.zeros_like(square),
    )
