"""Who is nearest to whom: the few exact distances that decide it, found by bounds on all pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.losses.emd_matrix import EMDPairs


def nearest_distances(pairs: EMDPairs) -> Tensor:
    """``(A, B)`` distances, infinite where a pair cannot be a row's or a column's nearest.

    The minima of all rows and columns, and the first places that hold them, are those of the whole
    matrix: pairs are solved by rising lower bound until no row or column has one left whose bound
    is not above its smallest distance.
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
