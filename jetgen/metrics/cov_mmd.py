"""COV and MMD: coverage and minimum matching distance with the energy mover's distance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.conversion import Jets
from jetgen.errors import InputError
from jetgen.losses.emd_matrix import emd_pairs
from jetgen.metrics.nearest_jets import nearest_distances
from jetgen.metrics.samples import (
    FEWEST_EACH_SIDE,
    Estimate,
    Seed,
    check_sizes,
    draws,
    relative_particles,
)
from jetgen.metrics.w1m import mean_and_spread


class CoverageMMD(NamedTuple):
    """Coverage (larger is better) and minimum matching distance (smaller is better)."""

    coverage: Estimate
    mmd: Estimate


def cov_mmd(
    real: Jets, generated: Jets, *, jets: int = 100, batches: int = 10, seed: Seed = 42
) -> CoverageMMD:
    r"""Coverage and minimum matching distance of ``jets`` draws with replacement on each side.

    Jets are drawn by event weight. With ``D_ij`` the distance of generated jet i to real jet j, MMD
    is the mean over j of ``min_i D_ij``, and COV is the share of real jets that are nearest to at
    least one generated jet. ``D`` is the energy mover's distance with ``R = 1`` and
    ``beta = 1`` of ptrel in the plane of etarel and phirel, with unnormalised weights. **Both
    depend strongly on the number of jets.** Memory: ``jets`` jets of both sides and a few hundred
    pairs of them.

    Raises:
        InputError: for jets without particles, values that are not finite, or negative ptrel.

    Source:
        Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et
        al., 2021), arXiv:2106.11535; the distance: The Metric Space of Collider Events (Komiske,
        Metodiev, Thaler, 2019), arXiv:1902.02346.
    """
    x, y = relative_particles(real, "real jets"), relative_particles(generated, "generated jets")
    for name, cloud in (("real jets", x), ("generated jets", y)):
        negative = int((cloud.particles[..., 2] < 0).any(1).sum())
        if negative:
            raise InputError(
                f"{name}: expected ptrel of zero or more for an energy mover's distance, received "
                f"{negative} jets with negative values"
            )
    if jets < 1 or batches < 1:
        raise InputError(f"cov_mmd: expected at least 1 jet and batch, received {jets}, {batches}")
    check_sizes("COV and MMD", x.weights, y.weights, recommended=FEWEST_EACH_SIDE)
    random = np.random.default_rng(seed)
    found = []
    for _ in range(batches):
        a, b = draws(random, x.weights, jets), draws(random, y.weights, jets)
        found.append(matching_of_jets(y[torch.from_numpy(b)], x[torch.from_numpy(a)]))
    return CoverageMMD(
        *(mean_and_spread(torch.stack(column)) for column in zip(*found, strict=True))
    )


def matching_of_jets(generated: ParticleCloud, real: ParticleCloud) -> tuple[Tensor, Tensor]:
    """Coverage and minimum matching distance of relative jets, using all pairs."""
    sides = [(c.particles[..., :2], c.mask, c.particles[..., 2]) for c in (generated, real)]
    (a, a_mask, a_pt), (b, b_mask, b_pt) = sides
    pairs = emd_pairs(a, a_mask, b, b_mask, a_weights=a_pt, b_weights=b_pt, R=1.0)
    return coverage_and_mmd(nearest_distances(pairs))


def coverage_and_mmd(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Coverage and minimum matching distance from distances ``(G, R)`` to real jets.

    Only the smallest value of each row and of each column is used.
    """
    coverage = matrix.argmin(1).unique().numel() / matrix.shape[1]
    return torch.tensor(coverage, dtype=torch.float64), matrix.amin(0).mean()
