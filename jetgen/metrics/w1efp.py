"""W1EFP: 1-Wasserstein distances of five energy-flow polynomials."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.conversion import Jets
from jetgen.metrics.samples import (
    Estimate,
    Seed,
    check_sizes,
    draw_pairs,
    relative_particles,
)
from jetgen.metrics.w1m import mean_and_spread, w1_of_draws
from jetgen.physics.efp import efps

GRAPHS = (
    ((0, 1), (0, 1), (0, 2), (0, 3)),
    ((0, 1), (0, 2), (1, 3), (1, 3)),
    ((0, 1), (0, 1), (0, 2), (1, 3)),
    ((0, 1), (0, 2), (1, 2), (0, 3)),
    ((0, 1), (0, 2), (1, 3), (2, 3)),
)
"""The connected graphs of four vertices and four edges, in the order of the energyflow package."""


def w1efp(
    real: Jets, generated: Jets, *, jets: int = 50_000, batches: int = 5, seed: Seed = 42
) -> Estimate:
    r"""``W_1`` of five energy-flow polynomials ``(5,)``, with the draws of the JetNet library.

    Hadronic measure, ``beta = 1``, ``z = ptrel`` not divided by its sum. Draws as in
    :func:`jetgen.metrics.w1m.w1m`. The number that papers quote is the mean of the five.

    Raises:
        InputError: for jets without particles or with values that are not finite.

    Source:
        Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et
        al., 2021), arXiv:2106.11535; the polynomials: :mod:`jetgen.physics.efp`.
    """
    clouds = relative_particles(real, "real jets"), relative_particles(generated, "generated jets")
    weights = clouds[0].weights, clouds[1].weights
    check_sizes("W1EFP", *weights)
    counts = draw_pairs(*weights, jets, batches, seed)
    columns = zip(*(four_edge_efps(cloud).unbind(1) for cloud in clouds), strict=True)
    return mean_and_spread(torch.stack([w1_of_draws(x, y, *counts) for x, y in columns]))


def four_edge_efps(jets: Jets, name: str = "jets") -> Tensor:
    """``(B, 5)`` the polynomials of :data:`GRAPHS`."""
    return efps(relative_particles(jets, name), GRAPHS)
