"""Sets of any items as columns of numbers: what a cut or a classifier sees of them."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud

MULTIPLICITY = "n"


def item_columns(sets: ParticleCloud) -> dict[str, Tensor]:
    """``(B,)`` float64 values of every feature, by name.

    Sets of at most one item have the names of the features; larger ones have them slot by slot,
    ``NAME_1``, ``NAME_2``, and the number of items ``n``. Slots without an item hold zero.
    """
    slots = sets.mask.shape[1]
    values = sets.particles.double()
    columns = {
        feature.name if slots == 1 else f"{feature.name}_{slot + 1}": values[:, slot, i]
        for slot in range(slots)
        for i, feature in enumerate(sets.features)
    }
    return columns if slots == 1 else {MULTIPLICITY: sets.multiplicity.double(), **columns}


def item_observables(sets: ParticleCloud) -> dict[str, Tensor]:
    """:func:`item_columns`, the conditions, and of items with ``px, py, pz`` also ``pt`` and ``p``.

    >>> particles, mask = torch.tensor([[[3.0, 4.0, 12.0]]]), torch.ones(1, 1, dtype=torch.bool)
    >>> found = item_observables(ParticleCloud(particles, mask, CARTESIAN))
    >>> found["pt"].item(), found["p"].item()
    (5.0, 13.0)
    """
    conditions = {f.name: sets.condition(f.name).double() for f in sets.condition_features}
    return conditions | item_columns(_with_momentum(sets))


def _with_momentum(sets: ParticleCloud) -> ParticleCloud:
    names = [f.name for f in sets.features]
    if not all(f.name in names for f in CARTESIAN) or not {"pt", "p"}.isdisjoint(names):
        return sets
    px, py, pz = (sets.feature(f.name).double() for f in CARTESIAN)
    pt = torch.hypot(px, py)
    particles = torch.cat([sets.particles.double(), torch.stack([pt, torch.hypot(pt, pz)], 2)], 2)
    features = (*sets.features, Feature("pt", "GeV"), Feature("p", "GeV"))
    return ParticleCloud(
        particles, sets.mask, features, sets.conditions, sets.condition_features, sets.weights
    )
