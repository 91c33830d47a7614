"""In which order FastJet merged the particles of jets: one binary tree per jet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.physics.clustering import cambridge_history, packed_momenta


class MergingTree(NamedTuple):
    """The Cambridge-Aachen clusterings of B jets; nodes ``0 .. n-1`` are a jet's n particles.

    Every merging is a further node, the last one is the jet. In ``order`` each merging stands right
    behind its two branches, which stand one after the other: a branch is a range of places, and
    its last place is its own.

    Args:
        momenta: ``(M, 4)`` px, py, pz, E of the nodes, those of a jet after those of another.
        start: ``(B,)`` the first row of each jet in ``momenta``.
        particles: ``(B,)`` number n of particles.
        order: ``(B, K)`` node at each of the ``2 n - 1`` places.
        height: ``(B, K)`` number of branches up to each place that are not yet merged there.
    """

    momenta: Tensor
    start: Tensor
    particles: Tensor
    order: Tensor
    height: Tensor

    def split(self, jets: Tensor, last: Tensor) -> Tensor:
        """``(J,)`` last place of the first of the two branches merged at the places ``last``."""
        height, second = self.height[jets], last.unsqueeze(1) - 1
        places = torch.arange(height.shape[1])
        earlier = (places < second) & (height < height.gather(1, second))
        return torch.where(earlier, places, -1).amax(1)

    def momentum(self, jets: Tensor, places: Tensor) -> Tensor:
        """``(J, 4)`` momenta of the nodes at places ``(J,)``."""
        return self.momenta[self.start[jets] + self.order[jets, places]]

    def is_particle(self, jets: Tensor, places: Tensor) -> Tensor:
        """``(J,)`` whether the nodes at places ``(J,)`` are particles."""
        return self.order[jets, places] < self.particles[jets]

    def chosen(self, present: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """``(B, N)`` those of the particles ``present`` at places ``first .. last`` ``(B,)``."""
        places = torch.arange(self.order.shape[1])
        inside = (places >= first.unsqueeze(1)) & (places <= last.unsqueeze(1))
        jet, place = (inside & (self.order < self.particles.unsqueeze(1))).nonzero(as_tuple=True)
        found = torch.zeros(int(self.particles.sum()), dtype=torch.bool)
        before = self.particles.cumsum(0) - self.particles
        found[before[jet] + self.order[jet, place]] = True
        return torch.zeros_like(present).masked_scatter_(present, found)


def merging_tree(p4: Tensor, present: Tensor) -> MergingTree:
    """The trees of jets ``(B, N, 4)`` with particles ``present`` ``(B, N)``, one at least each.

    Particles are numbered as they stand, those that are not present left out.
    """
    momenta, history = cambridge_history(packed_momenta(p4, present))
    particles = present.sum(1)
    number = 2 * particles - 1
    ends = (2 * particles).cumsum(0) - 1  # the last entry is the jet's end, no merging
    filled = torch.arange(int(number.max())) < number.unsqueeze(1)
    order = torch.full(filled.shape, -1)
    order[filled] = torch.from_numpy(np.delete(history, ends.numpy())).long()
    change = torch.where(order < particles.unsqueeze(1), 1, -1)
    return MergingTree(
        torch.from_numpy(momenta), number.cumsum(0) - number, particles, order, change.cumsum(1)
    )
