r"""Soft drop: grooming that removes soft wide-angle radiation from a jet.

The Cambridge-Aachen clustering of the jet is undone step by step, and the branch with less pT is
dropped, until for the first time

.. math:: \frac{\min(p_{T,1}, p_{T,2})}{p_{T,1} + p_{T,2}}
          > z_\mathrm{cut} \left( \frac{\theta_{12}}{R_0} \right)^\beta

with the distance of the branches in rapidity and azimuth. The clustering is done by FastJet.

Source:
    Soft Drop (Larkoski, Marzani, Soyez, Thaler, 2014), arXiv:1402.2657; for beta zero the modified
    mass-drop tagger of Towards an understanding of jet substructure (Dasgupta, Fregoso, Marzani,
    Salam, 2013), arXiv:1307.0007.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.physics import fourvectors
from jetgen.physics.merging_tree import merging_tree

_CHUNK = 2_048
"""Number of jets that are clustered in one call: 70 MB for jets of 150 particles."""


@takes_sets
def soft_drop(
    cloud: ParticleCloud, *, z_cut: float = 0.1, beta: float = 0.0, radius: float = 0.8
) -> ParticleCloud:
    """The jets with only the particles that soft drop keeps; the hardest branch is always kept.

    Args:
        cloud: Cartesian or relative particles.
        z_cut: smallest share of pT of the softer branch at the angle ``radius``, in [0, 0.5).
        beta: exponent of the angle.
        radius: ``R_0``, positive.

    Raises:
        InputError: when ``z_cut`` or ``radius`` is out of range.
    """
    if not 0 <= z_cut < 0.5 or radius <= 0:
        raise InputError(
            f"soft drop: expected 0 <= z_cut < 0.5 and a positive radius, received {z_cut} and "
            f"{radius}"
        )
    p4 = fourvectors.particle_momenta(cloud.to(torch.float64)).detach()
    kept = cloud.mask & (fourvectors.pt(p4) > 0)
    passing = partial(_passes, z_cut=z_cut, beta=beta, radius=radius)
    several = (kept.sum(1) > 1).nonzero()[:, 0]
    for start in range(0, len(several), _CHUNK):
        jets = several[start : start + _CHUNK]
        kept[jets] = _groomed(p4[jets], kept[jets], passing)
    return replace(cloud, mask=kept)


@takes_sets
def soft_drop_mass(
    cloud: ParticleCloud, *, z_cut: float = 0.1, beta: float = 0.0, radius: float = 0.8
) -> Tensor:
    """``(B,)`` masses after :func:`soft_drop`: in GeV, or over the jet pT if relative; float64.

    Zero for jets without two branches that pass the condition. Differentiable; the selection of
    particles is piecewise constant.
    """
    groomed = soft_drop(cloud, z_cut=z_cut, beta=beta, radius=radius)
    masses = fourvectors.mass(fourvectors.jet_momentum(groomed))
    return torch.where(groomed.multiplicity > 1, masses, 0.0)


def _groomed(p4: Tensor, kept: Tensor, passing: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Mask ``(B, N)`` of what is left of jets ``(B, N, 4)`` with at least two particles each."""
    tree = merging_tree(p4, kept)
    first, last = torch.zeros_like(tree.particles), 2 * tree.particles - 2
    undecided = torch.arange(len(kept))
    while len(undecided):
        end = last[undecided]
        middle = tree.split(undecided, end)
        one, two = (tree.momentum(undecided, places) for places in (middle, end - 1))
        failed = ~passing(one, two)
        harder = (fourvectors.pt(one) >= fourvectors.pt(two))[failed]
        undecided, middle, end = undecided[failed], middle[failed], end[failed]
        first[undecided] = torch.where(harder, first[undecided], middle + 1)
        last[undecided] = torch.where(harder, middle, end - 1)
        undecided = undecided[~tree.is_particle(undecided, last[undecided])]
    return tree.chosen(kept, first, last)


def _passes(first: Tensor, second: Tensor, *, z_cut: float, beta: float, radius: float) -> Tensor:
    one, two = fourvectors.pt(first), fourvectors.pt(second)
    turn = fourvectors.wrap_phi(fourvectors.phi(first) - fourvectors.phi(second))
    theta = torch.hypot(_rapidity(first) - _rapidity(second), turn)
    return torch.minimum(one, two) > z_cut * (theta / radius) ** beta * (one + two)


def _rapidity(p4: Tensor) -> Tensor:
    """``asinh(pz / sqrt(pT^2 + m^2))``, which is the pseudorapidity for massless branches only."""
    return torch.asinh(p4[:, 2] / torch.hypot(fourvectors.pt(p4), fourvectors.mass(p4)))
