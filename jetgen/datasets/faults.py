"""Anomalies of jets in files: how they are found, and whether reading refuses them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.errors import InputError, InputWarning

NEGATIVE_PT = "a negative particle pT"
BAD_MASK = "a mask that is neither 0 nor 1"

REFUSED = {BAD_MASK: "mask", NEGATIVE_PT: "negative-pt", "a negative particle energy": "energy"}
"""Faults that reading refuses, and the names by which a user accepts them."""

WARNED = {
    "a hole in the mask": "holes",
    "a particle with less energy than momentum": "mass-shell",
    "num_particles that differs from the mask": "num-particles",
    "a negative jet mass": "jet-mass",
    "a jet pT that is not positive": "jet-pt",
}
"""Faults that reading warns of, and the names by which a user accepts them."""

ALLOWED = (*REFUSED.values(), *WARNED.values())
"""All names that a user can accept."""


MOST_PT = 10_000.0
"""Largest median of the pT of jets in GeV that is not taken for one in MeV."""


class Fault(NamedTuple):
    """An anomaly: number of affected jets, and index of the first."""

    jets: int
    first: int


def faults_of(cloud: ParticleCloud) -> dict[str, Tensor]:
    """Anomalies of jets as stored in a file, by name, with the mask ``(B,)`` of affected jets."""
    particles, mask, conditions = cloud.particles, cloud.mask, cloud.conditions
    faults = {
        "NaN in a particle": particles.isnan().any(-1).any(1),
        "infinity in a particle": particles.isinf().any(-1).any(1),
        "NaN or infinity in a jet-level quantity": ~conditions.isfinite().all(1),
        "a hole in the mask": (mask[:, 1:] & ~mask[:, :-1]).any(1),
        "no particles": ~mask.any(1),
    }
    if cloud.has_condition("pt"):
        faults["a jet pT that is not positive"] = (cloud.condition("pt") <= 0) & mask.any(1)
    if cloud.has_condition("mass"):
        faults["a negative jet mass"] = cloud.condition("mass") < 0
    if bool((cloud.weights != 1).any()):
        odd = ~((cloud.weights >= 0) & cloud.weights.isfinite())
        faults["a weight that is negative or no finite number"] = odd
    if cloud.has_condition("num_particles"):
        differs = cloud.condition("num_particles") != cloud.multiplicity
        faults["num_particles that differs from the mask"] = differs
    if cloud.features[:4] == CARTESIAN_ENERGY:
        energy, momentum = cloud.feature("E"), particles[..., :3].double().norm(dim=-1)
        faults["a negative particle energy"] = (energy < 0).any(1)
        # Files in single precision leave massless particles slightly off their mass shell.
        light = (energy < momentum * 0.999).any(1)
        faults["a particle with less energy than momentum"] = light
    if any(feature.name == "ptrel" for feature in cloud.features):
        faults[NEGATIVE_PT] = (cloud.feature("ptrel") < 0).any(1)
    return faults


def doubtful_unit(cloud: ParticleCloud, advice: str) -> str:
    """A remark with this advice if the jets look as if their momenta were in MeV, or nothing."""
    if Feature("pt", "GeV") in cloud.condition_features:
        pt = cloud.condition("pt")
    elif cloud.features[:3] == CARTESIAN:
        pt = cloud.pt
    else:
        return ""
    pt = pt[cloud.mask.any(1)]
    median = float(pt.median()) if len(pt) else 0.0
    return f"a median jet pT of {median:,.0f} GeV looks like MeV; {advice}" * (median > MOST_PT)


def counted(faults: Mapping[str, Tensor], numbers: Tensor) -> dict[str, Fault]:
    """The faults that occur; ``numbers`` ``(B,)`` are the indices of the jets in their file."""
    return {
        name: Fault(int(jets.sum()), int(numbers[jets][0]))
        for name, jets in faults.items()
        if bool(jets.any())
    }


def refuse_faults(where: Path | str, found: Mapping[str, Fault], allowed: Sequence[str]) -> None:
    """Raise :class:`InputError` for a fault in :data:`REFUSED`, unless its name is allowed."""
    for name, fault in found.items():
        short = REFUSED.get(name)
        if short is not None and short not in allowed:
            raise InputError(
                f"{where}: expected valid jets, received {name} in {fault.jets} jets, first in jet "
                f"{fault.first}; correct them, or accept them with allow={[short]}"
            )


def warn_of_faults(path: Path, found: Mapping[str, Fault], allowed: Sequence[str]) -> None:
    """Warn of each fault in :data:`WARNED`, unless its name is allowed."""
    for name, fault in found.items():
        short = WARNED.get(name)
        if short is not None and short not in allowed:
            warnings.warn(
                f"{path}: {name} in {fault.jets} jets, first in jet {fault.first}; "
                f"accept them with allow={[short]}",
                InputWarning,
                stacklevel=2,
            )


def warn_of_doubts(where: object, doubts: Sequence[str]) -> None:
    """Warn of each remark on what a file may be instead."""
    for doubt in doubts:
        warnings.warn(f"{where}: {doubt}", InputWarning, stacklevel=2)


def repeated(keys: Tensor) -> Tensor:
    """Mask ``(B,)`` of the integers that are equal to an earlier one."""
    order = keys.argsort(stable=True)
    again = torch.zeros(len(keys), dtype=torch.bool)
    again[order[1:]] = keys[order][1:] == keys[order][:-1]
    return again


def fingerprints(cloud: ParticleCloud) -> Tensor:
    """``(B,)`` integers that agree for sets of the same items, in single precision.

    They depend neither on the order of the items nor on the number of slots.
    """
    generator = torch.Generator().manual_seed(1)
    size = cloud.particles.shape[2]
    factors = torch.randint(-(2**62), 2**62, (size,), generator=generator) | 1
    bits = cloud.particles.float().contiguous().view(torch.int32).long()
    items = (bits * factors).sum(-1)
    items = items * (items >> 29 | 1)  # not linear: sums of features alone do not agree
    return (items * cloud.mask).sum(1)
