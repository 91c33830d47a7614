"""W1M: 1-Wasserstein distance of the relative jet mass."""

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
from jetgen.metrics.wasserstein import between_weightings
from jetgen.physics.fourvectors import jet_momentum, mass

_CHUNK = 4_096
"""Number of jets per chunk: the momenta take 20 MB for 150 particles."""


def w1m(
    real: Jets, generated: Jets, *, jets: int = 50_000, batches: int = 5, seed: Seed = 42
) -> Estimate:
    r"""``W_1`` of the jet masses, with the draws of the JetNet library.

    The mass is that of ``sum_i (ptrel_i, etarel_i, phirel_i)`` of massless particles, so it is
    relative to the jet's pT. Each of ``batches`` pairs of ``jets`` draws with replacement, by
    event weight, gives one distance; the estimate is their mean and population standard deviation.

    Raises:
        InputError: for jets without particles or with values that are not finite.

    Source:
        Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et
        al., 2021), arXiv:2106.11535.
    """
    clouds = relative_particles(real, "real jets"), relative_particles(generated, "generated jets")
    weights = clouds[0].weights, clouds[1].weights
    check_sizes("W1M", *weights)
    counts = draw_pairs(*weights, jets, batches, seed)
    return mean_and_spread(w1_of_draws(relative_mass(clouds[0]), relative_mass(clouds[1]), *counts))


def relative_mass(jets: Jets, name: str = "jets") -> Tensor:
    """``(B,)`` jet masses computed from relative particles, in units of the jet's pT."""
    cloud = relative_particles(jets, name)
    rows = torch.arange(len(cloud)).split(_CHUNK)
    return torch.cat([mass(jet_momentum(cloud[some])) for some in rows])


def w1_of_draws(
    first: Tensor, second: Tensor, first_counts: Tensor, second_counts: Tensor
) -> Tensor:
    """``(R,)`` distances between draws of one value per jet, from the counts of the draws."""
    values = torch.cat([first, second])
    plus = torch.nn.functional.pad(first_counts, (0, len(second)))
    minus = torch.nn.functional.pad(second_counts, (len(first), 0))
    return between_weightings(values, torch.arange(len(values)), plus, minus)


def mean_and_spread(distances: Tensor) -> Estimate:
    """Mean and population standard deviation over the last dimension, the batches."""
    return Estimate(distances.mean(-1).numpy()[()], distances.std(-1, correction=0).numpy()[()])
