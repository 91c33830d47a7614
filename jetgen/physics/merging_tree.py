"""In which order FastJet merged the particles of jets: one binary tree per jet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.physics.clustering import LARGEST_RADIUS, cluster_sequence, packed_tensor


class MergingTree(NamedTuple):
    """The Cambridge-Aachen clusterings of B jets; nodes ``0 .. n-1`` are a jet's n particles.

    Every merging is a further node, the last one is the jet. The nodes of a branch have
    consecutive places, the branch itself the last of them.

    Args:
        momenta: ``(B, K, 4)`` of the nodes: px, py, pz, E.
        parents: ``(B, K, 2)`` the two nodes that were merged; -1 for particles.
        first, last: ``(B, K)`` the places of a node's branch.
        root: ``(B,)`` the jets.
    """

    momenta: Tensor
    parents: Tensor
    first: Tensor
    last: Tensor
    root: Tensor


def merging_tree(p4: Tensor, present: Tensor) -> MergingTree:
    """The trees of jets ``(B, N, 4)`` with particles ``present`` ``(B, N)``, one at least each.

    Particles are numbered as they stand, those that are not present left out.
    """
    import awkward as ak
    import fastjet

    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, LARGEST_RADIUS)
    sequence = cluster_sequence(packed_tensor(p4, present), definition)
    counts = present.sum(1).numpy()
    nodes = ak.flatten(sequence.jets())
    momenta = np.zeros((len(counts), 2 * counts.max() - 1, 4))
    filled = np.arange(momenta.shape[1]) < (2 * counts - 1)[:, None]
    columns = [nodes[name].to_numpy() for name in ("px", "py", "pz", "E")]
    momenta[filled] = np.stack(columns, axis=1)
    order = np.full(filled.shape, -1)
    history = ak.flatten(sequence.unique_history_order()).to_numpy()
    ends = (2 * counts).cumsum() - 1  # the last entry is the jet's end, no merging
    order[filled] = np.delete(history, ends)
    parents, first, last = _replayed(order, counts)
    return MergingTree(
        torch.from_numpy(momenta),
        torch.from_numpy(parents),
        torch.from_numpy(first),
        torch.from_numpy(last),
        torch.from_numpy(2 * counts - 2),
    )


def _replayed(order: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parents and places of the nodes, from an ``order`` with each node right after its branches.

    A stack holds the branches that have not been merged yet: a merging takes the last two.
    """
    parents = np.full((*order.shape, 2), -1)
    first, last = np.zeros((2, *order.shape), dtype=np.int64)
    stack = np.zeros((len(order), counts.max() + 1), dtype=np.int64)
    height = np.zeros(len(order), dtype=np.int64)
    for place, node in enumerate(order.T):
        jets = np.flatnonzero(node >= counts)
        node_of, top = node[jets], height[jets]
        one, two = stack[jets, top - 2], stack[jets, top - 1]
        parents[jets, node_of, 0], parents[jets, node_of, 1] = one, two
        first[jets, node_of] = first[jets, one]
        height[jets] = top - 2
        leaves = np.flatnonzero((node >= 0) & (node < counts))
        first[leaves, node[leaves]] = place
        there = np.flatnonzero(node >= 0)
        stack[there, height[there]] = node[there]
        last[there, node[there]] = place
        height[there] += 1
    return parents, first, last
