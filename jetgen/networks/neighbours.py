"""Nearest neighbours within padded sets, with dense tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.networks.masking import masked

_DISTANCES = 2**22
"""Number of distances in memory at a time: 16 MB in single precision, for any number of sets."""

_BY_DIFFERENCES = 4
"""Largest number of dimensions for which distances are computed from differences, which are
accurate for close particles. For more dimensions a matrix product is several times faster."""


@torch.no_grad()
def nearest_neighbours(points: Tensor, mask: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
    r"""The nearest other particles of every particle in Euclidean distance.

    A particle is never its own neighbour, but another one at the same position may be. Neighbours
    are in rising order of distance, those at equal distance in arbitrary order. No gradient.

    Args:
        points: ``(B, N, D)``; padded slots may hold anything.
        mask: ``(B, N)`` bool, true where a slot holds a particle.
        neighbours: number of neighbours; all other particles for smaller sets.

    Returns:
        ``index (B, N, k)`` int64, slots within the set, and ``valid (B, N, k)`` bool, with
        ``k = max(1, min(neighbours, N - 1))``. Where ``valid`` is false, the index repeats the
        nearest neighbour, or is the slot itself if there is none.
    """
    size = mask.shape[1]
    kept = max(1, min(neighbours, size - 1))
    jets = max(1, _DISTANCES // max(1, size * size))
    pieces = zip(masked(points, mask).split(jets), mask.split(jets), strict=True)
    index = torch.cat([_nearest(part, real, kept) for part, real in pieces])
    others = mask.sum(1) - 1  # (B,)
    valid = torch.arange(kept, device=mask.device) < others.view(-1, 1, 1)
    valid = valid & mask.unsqueeze(-1)
    slots = torch.arange(size, device=mask.device).unsqueeze(-1)
    fallback = torch.where(valid[..., :1], index[..., :1], slots)
    return torch.where(valid, index, fallback), valid


def _nearest(points: Tensor, mask: Tensor, kept: int) -> Tensor:
    points = points.to(torch.promote_types(points.dtype, torch.float32))  # cdist needs it
    by_product = points.shape[-1] > _BY_DIFFERENCES
    mode = "use_mm_for_euclid_dist" if by_product else "donot_use_mm_for_euclid_dist"
    if by_product:  # distances do not change, and the product is more accurate
        points = points - points.mean(1, keepdim=True)
    distance = torch.cdist(points, points, compute_mode=mode)
    distance.masked_fill_(~mask.unsqueeze(1), torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    return distance.topk(kept, largest=False).indices
