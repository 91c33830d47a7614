"""W1P: 1-Wasserstein distances of the relative particle coordinates."""

from __future__ import annotations

import torch

from jetgen.conversion import Jets
from jetgen.metrics.samples import (
    Estimate,
    Seed,
    check_sizes,
    draw_pairs,
    relative_particles,
)
from jetgen.metrics.w1m import mean_and_spread
from jetgen.metrics.wasserstein import between_weightings


def w1p(
    real: Jets, generated: Jets, *, jets: int = 50_000, batches: int = 5, seed: Seed = 42
) -> Estimate:
    r"""``W_1`` of etarel, phirel and ptrel ``(3,)``, with the draws of the JetNet library.

    Jets are drawn as in :func:`jetgen.metrics.w1m.w1m`, and the particles of the drawn jets are
    pooled without padding. The number that papers quote as W1P is the plain mean of the three.

    Raises:
        InputError: for jets without particles or with values that are not finite.

    Source:
        Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et
        al., 2021), arXiv:2106.11535.
    """
    clouds = relative_particles(real, "real jets"), relative_particles(generated, "generated jets")
    weights = clouds[0].weights, clouds[1].weights
    check_sizes("W1P", *weights)
    counts = draw_pairs(*weights, jets, batches, seed)
    plus = torch.nn.functional.pad(counts[0], (0, len(clouds[1])))
    minus = torch.nn.functional.pad(counts[1], (len(clouds[0]), 0))
    multiplicity = torch.cat([cloud.multiplicity for cloud in clouds])
    owner = torch.arange(len(multiplicity)).repeat_interleave(multiplicity)
    particles = torch.cat([cloud.particles[cloud.mask] for cloud in clouds])
    return mean_and_spread(
        torch.stack([between_weightings(x, owner, plus, minus) for x in particles.unbind(1)])
    )
