r"""N-subjettiness: how well N axes describe a jet.

.. math:: \tau_N = \frac{\sum_i p_{T,i} \min_k \theta_{ik}^\beta}{\sum_i p_{T,i} R_0^\beta}

with the distances of each particle to the N axes. The axes are those of the N exclusive kT subjets
with winner-take-all recombination, each along the direction of one particle; they are not optimised
further. FastJet finds the axes, torch computes the sum.

Source:
    Identifying Boosted Objects with N-subjettiness (Thaler, Van Tilburg, 2010), arXiv:1011.2268;
    Maximizing Boosted Top Identification by Minimizing N-subjettiness (the same authors, 2011),
    arXiv:1108.2701; winner-take-all axes: Jet Shapes with the Broadening Axis (Larkoski, Neill,
    Thaler, 2014), arXiv:1401.2158.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.clustering import packed_momenta, winner_axes
from jetgen.physics.fourvectors import particle_momenta, to_relative, wrap_phi

_CHUNK = 4_096
"""Number of jets per chunk; distances to the axes take 15 MB for 150 particles."""


@takes_sets
def nsubjettiness(
    cloud: ParticleCloud,
    orders: Sequence[int] = (1, 2, 3),
    *,
    beta: float = 1.0,
    radius: float = 0.8,
) -> Tensor:
    """``(B, len(orders))`` dimensionless float64 values, one for each number of axes in ``orders``.

    Zero for jets with at most as many particles as axes. Differentiable in the particles, including
    those that define the axes; the choice of axes is piecewise constant.

    Args:
        cloud: Cartesian or relative particles, treated as massless.
        orders: numbers of axes ``N``, at least one each.
        beta: exponent of the angles, positive.
        radius: ``R_0``, positive.

    Raises:
        InputError: when an order, ``beta`` or ``radius`` is out of range.
    """
    if not orders or min(orders) < 1 or beta <= 0 or radius <= 0:
        raise InputError(
            "nsubjettiness: expected orders of at least 1, positive beta and radius, received "
            f"{list(orders)}, {beta}, {radius}"
        )
    double = cloud.to(torch.float64)
    relative = double if cloud.features[:3] == RELATIVE else to_relative(double)
    found = double.particles.new_zeros(len(cloud), len(orders))
    shared = (relative.feature("ptrel") > 0).sum(1) > 0
    rows = [
        _of_chunk(relative[some], orders, beta) for some in shared.nonzero()[:, 0].split(_CHUNK)
    ]
    if not rows:
        return found
    return found.index_put((shared,), torch.cat(rows) / radius**beta)


def _of_chunk(jets: ParticleCloud, orders: Sequence[int], beta: float) -> Tensor:
    """``(B, len(orders))`` values for ``radius`` one; every jet must have a particle."""
    momenta = jets.feature("ptrel")
    present = momenta > 0
    shares = torch.where(present, momenta, 0.0)
    shares = shares / shares.sum(1, keepdim=True)
    places = jets.particles[..., :2]
    found = winner_axes(packed_momenta(particle_momenta(jets), present), orders)
    counts = present.sum(1)
    values = []
    for order, directions in zip(orders, found, strict=True):
        known = torch.arange(order) < counts.unsqueeze(1)  # (B, order)
        axes = torch.zeros(*known.shape, 2, dtype=torch.float64)
        axes[known] = torch.from_numpy(directions)
        with torch.no_grad():  # each axis is along its nearest particle
            apart = _square_distance(places.unsqueeze(1), axes.unsqueeze(2))  # (B, order, N)
            nearest = apart.masked_fill(~present.unsqueeze(1), torch.inf).argmin(2)
        winners = torch.take_along_dim(places, nearest.unsqueeze(2), dim=1)  # (B, order, 2)
        square = _square_distance(places.unsqueeze(2), winners.unsqueeze(1))  # (B, N, order)
        closest = square.masked_fill(~known.unsqueeze(1), torch.inf).amin(2)
        away = closest > 0
        theta = torch.where(away, torch.where(away, closest, 1.0).pow(beta / 2), 0.0)
        values.append((shares * theta).sum(1))
    return torch.stack(values, dim=1)


def _square_distance(first: Tensor, second: Tensor) -> Tensor:
    eta, phi = (first - second).unbind(-1)
    return eta.square() + wrap_phi(phi).square()
