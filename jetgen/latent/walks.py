"""Paths through a latent space: along one dimension, and from one jet to another."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud

ENDS = (0.02, 0.98)
"""Quantiles between which a latent dimension is varied."""


def traversals(codes: Tensor, start: Tensor, columns: Tensor, steps: int) -> Tensor:
    """``(C, steps, L)`` codes: ``start`` with one dimension varied over its range.

    Args:
        codes: ``(B, L)`` codes of many jets, which define the range of each dimension.
        start: ``(L,)`` the code that is varied.
        columns: ``(C,)`` indices of the dimensions to vary.
        steps: number of values from the 2 % to the 98 % quantile, both included.
    """
    ends = torch.tensor(ENDS, dtype=codes.dtype)
    low, high = codes[:, columns].quantile(ends, dim=0)  # (C,)
    share = torch.linspace(0, 1, steps, dtype=codes.dtype)
    places = low.unsqueeze(1) + (high - low).unsqueeze(1) * share  # (C, steps)
    walk = start.repeat(len(columns), steps, 1)
    walk[torch.arange(len(columns)), :, columns] = places
    return walk


def interpolation(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """``(steps, L)`` codes on the straight line between two codes ``(L,)``, both included."""
    share = torch.linspace(0, 1, steps, dtype=first.dtype).unsqueeze(1)
    return (1 - share) * first + share * last


def blend(pair: ParticleCloud, steps: int) -> ParticleCloud:
    """Empty jets with numbers of particles and conditions interpolated between two jets.

    Numbers of particles are rounded; a class changes in the middle.

    Args:
        pair: two jets.
        steps: number of jets, both ends included.
    """
    share = torch.linspace(0, 1, steps, dtype=pair.conditions.dtype)
    counts = pair.multiplicity.to(share)
    counts = ((1 - share) * counts[0] + share * counts[1]).round()
    mask = torch.arange(pair.mask.shape[1]) < counts.unsqueeze(1)
    particles = pair.particles.new_zeros(*mask.shape, pair.particles.shape[2])
    conditions = interpolation(pair.conditions[0], pair.conditions[1], steps)
    blended = replace(
        pair, particles=particles, mask=mask, conditions=conditions, weights=torch.ones(steps)
    )
    classes = [f for f in pair.condition_features if f.name == "type"]
    nearest = (share > 0.5).long()
    return blended.with_conditions({f: pair.condition(f.name)[nearest] for f in classes})
