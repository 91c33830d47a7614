"""A distance between generated and real jets that is fast enough for every epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.kinds import JETS, Kind
from jetgen.physics.fourvectors import mass, particle_momenta


def closeness(
    generated: ParticleCloud,
    real: ParticleCloud,
    features: Tensor,
    real_features: Tensor,
    *,
    names: Sequence[str] = (),
    kind: Kind = JETS,
) -> dict[str, float]:
    r"""Wasserstein-1 distances between generated and real jets, in units of the real width.

    There is one distance per transformed particle feature, and one for the mass of jets; ``total``
    is their mean. Both batches have the same mask, so that each distance is the mean difference of
    sorted values.

    Args:
        generated, real: jets in physical units.
        features, real_features: their transformed features ``(B, N, F)``.
        names: of these; by default those of the jets.
        kind: jets, which have a mass, or other sets.

    Returns:
        the distances by name: ``w1_FEATURE``, for jets also ``w1_mass``, and ``total``.
    """
    distances = {
        f"w1_{name}": _distance(
            features[..., i][real.mask].double(), real_features[..., i][real.mask].double()
        )
        for i, name in enumerate(names or [feature.name for feature in real.features])
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
