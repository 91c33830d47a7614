"""Nearest neighbours between two masked sets, in both directions at once."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.kernels.selection import use_triton
from jetgen.losses.distances import Norm, chunks, pairwise
from jetgen.losses.search import Neighbours, Search

search = Search()
"""The search on the CPU, shared by the whole process."""


@torch.no_grad()
def nearest(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm = "l2") -> Neighbours:
    """Index of the nearest real particle of the other set; the lowest index in case of a tie.

    Padded slots, and sets without a real partner, get an arbitrary valid index.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``, with ``N`` and ``M`` at least 1.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool.
    """
    if use_triton(x):
        from jetgen.losses.kernels.nearest import nearest_indices

        return Neighbours(*nearest_indices(x, x_mask, y, y_mask, norm))
    if x.device.type == "cpu":
        return search(x, x_mask, y, y_mask, norm)
    parts = [
        nearest_plain(x[jets], x_mask[jets], y[jets], y_mask[jets], norm) for jets in chunks(x, y)
    ]
    return Neighbours(*(torch.cat(indices) for indices in zip(*parts, strict=True)))


@torch.no_grad()
def nearest_plain(
    x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm = "l2"
) -> Neighbours:
    """Reference implementation of :func:`nearest` with one table of all pairs."""
    table = pairwise(x, y, norm)
    table.masked_fill_(~(x_mask.unsqueeze(2) & y_mask.unsqueeze(1)), torch.inf)
    return Neighbours(table.argmin(2), table.argmin(1))
