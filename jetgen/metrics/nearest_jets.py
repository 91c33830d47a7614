"""Nearest neighbours by energy mover's distance, pruned with lower bounds."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.losses.emd_matrix import EMDPairs


def nearest_distances(pairs: EMDPairs) -> Tensor:
    """``(A, B)`` distances, infinite for pairs that cannot be the nearest of a row or column.

    The minima of all rows and columns, and their first positions, are those of the complete matrix:
    pairs are solved in rising order of their lower bounds, until all remaining bounds of each row
    and column are above its smallest distance.
    """
    rows, columns = len(pairs.a), len(pairs.b)
    every = torch.arange(rows * columns)
    found = torch.full((rows, columns), torch.inf, dtype=torch.float64)
    left = pairs.bounds(every // columns, every % columns).view(rows, columns)
    while True:
        chosen = torch.zeros(rows, columns, dtype=torch.bool)
        for dim in (0, 1):
            least = left.min(dim, keepdim=True)
            undecided = least.values.isfinite() & (least.values <= found.amin(dim, keepdim=True))
            chosen |= torch.zeros_like(chosen).scatter_(dim, least.indices, undecided)
        if not bool(chosen.any()):
            return found
        found[chosen] = pairs.distances(*chosen.nonzero(as_tuple=True))
        left[chosen] = torch.inf
