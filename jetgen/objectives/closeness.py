"""One number for how close generated jets are to real ones, cheap enough for every epoch."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.kinds import JETS, Kind
from jetgen.physics.fourvectors import mass, particle_momenta


def closeness(
    generated: ParticleCloud,
    real: ParticleCloud,
    seen: Tensor,
    real_seen: Tensor,
    *,
    kind: Kind = JETS,
) -> dict[str, float]:
    r"""Wasserstein-1 distances of generated to real jets, in units of the real width.

    One for each particle feature, as the networks see it, and one for the mass of jets; ``total``
    is their mean. Both batches have the same mask, so that every distance is the mean
    difference of values in rank order.

    Args:
        generated, real: jets in physical units.
        seen, real_seen: their transformed features ``(B, N, F)``.
        kind: jets, which have a mass, or sets of other items.

    Returns:
        the distances by name, ``w1_FEATURE`` and, of jets, ``w1_mass``, and ``total``.
    """
    distances = {
        f"w1_{feature.name}": _distance(
            seen[..., i][real.mask].double(), real_seen[..., i][real.mask].double()
        )
        for i, feature in enumerate(real.features)
    }
    made, wanted = (kind.closeness_values(sets) for sets in (generated, real))
    distances |= {f"w1_{name}": _distance(made[name], wanted[name]) for name in wanted}
    return {"total": sum(distances.values()) / len(distances), **distances}


def jet_masses(jets: ParticleCloud) -> dict[str, Tensor]:
    """The mass of each jet, as the only value ``mass``."""
    return {"mass": mass(particle_momenta(jets.to(torch.float64)).sum(1))}


def _distance(values: Tensor, reference: Tensor) -> float:
    width = reference.std(correction=0).clamp(min=1e-12)
    return float((values.sort().values - reference.sort().values).abs().mean() / width)
