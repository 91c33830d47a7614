"""Trivial generators, which a trained model must beat."""

from __future__ import annotations

import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.observables import measure


def independent_particles(
    training: ParticleCloud, jets: int, generator: torch.Generator
) -> ParticleCloud:
    """Jets whose particles know nothing of each other.

    Multiplicity and jet kinematics are those of a real jet drawn at random (by event weight);
    each particle's etarel, phirel and ptrel are drawn independently, also of one another, from
    all particles of the training jets. The particles do not add up to the jet's kinematics.

    Args:
        training: jets in any representation.
        jets: how many to make.
        generator: source of randomness.

    Returns:
        ``jets`` relative jets with the drawn jets' conditions.

    Raises:
        InputError: when the training jets hold no particles.
    """
    real = measure(training).relative
    if not bool(real.mask.any()):
        raise InputError("training jets: expected jets with particles, received none")
    drawn = torch.multinomial(real.weights.double(), jets, replacement=True, generator=generator)
    mask = torch.arange(real.mask.shape[1]) < real.multiplicity[drawn].unsqueeze(1)
    pooled = real.particles[real.mask]  # (M, 3)
    owner_weight = real.weights.double().unsqueeze(1).expand_as(real.mask)[real.mask]
    distribution = torch.cumsum(owner_weight, 0) / owner_weight.sum()
    uniform = torch.rand(int(mask.sum()), len(RELATIVE), generator=generator, dtype=torch.float64)
    rows = torch.searchsorted(distribution, uniform).clamp(max=len(pooled) - 1)
    particles = real.particles.new_zeros(*mask.shape, len(RELATIVE))
    particles[mask] = torch.stack([pooled[rows[:, k], k] for k in range(len(RELATIVE))], dim=1)
    return ParticleCloud(particles, mask, RELATIVE, real.conditions[drawn], real.condition_features)
