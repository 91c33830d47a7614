"""Nearest neighbours between two masked sets, both ways at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.losses.distances import Norm, chunks, pairwise
from jetgen.losses.kernels.selection import use_triton

SERIAL = 32768
"""Elements up to which torch runs an operation in the calling thread."""


class Neighbours(NamedTuple):
    """Indices of nearest neighbours: ``of_x (B, N)`` into y, ``of_y (B, M)`` into x."""

    of_x: Tensor
    of_y: Tensor


@torch.no_grad()
def nearest(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm = "l2") -> Neighbours:
    """Index of the nearest real particle of the other set; the lowest one wins a tie.

    Padded slots, and sets without a real partner, get some valid index that means nothing.

    Args:
        x, y: ``(B, N, D)`` and ``(B, M, D)``, with ``N`` and ``M`` at least 1.
        x_mask, y_mask: ``(B, N)`` and ``(B, M)`` bool.
    """
    if use_triton(x):
        from jetgen.losses.kernels.nearest import nearest_indices

        return Neighbours(*nearest_indices(x, x_mask, y, y_mask, norm))
    if x.device.type == "cpu":
        return _nearest_cpu(x, x_mask, y, y_mask, norm)
    parts = [
        nearest_plain(x[jets], x_mask[jets], y[jets], y_mask[jets], norm) for jets in chunks(x, y)
    ]
    return Neighbours(*(torch.cat(indices) for indices in zip(*parts, strict=True)))


@torch.no_grad()
def nearest_plain(
    x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm = "l2"
) -> Neighbours:
    """The specification of :func:`nearest`: one table of all pairs."""
    table = pairwise(x, y, norm)
    table.masked_fill_(~(x_mask.unsqueeze(2) & y_mask.unsqueeze(1)), torch.inf)
    return Neighbours(table.argmin(2), table.argmin(1))


def _nearest_cpu(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Neighbours:
    """A few jets at a time, in buffers that stay in the cache, in one thread.

    NumPy's arg-min uses vector instructions where torch's does not: 3 to 8 times faster. Tables
    this small gain nothing from a second thread: two took 18 ms where one takes 10.
    """
    (size, N, D), M = x.shape, y.shape[1]
    of_x = torch.empty(size, N, dtype=torch.int64)
    of_y = torch.empty(size, M, dtype=torch.int64)
    far_x, far_y = (x.new_zeros(m.shape).masked_fill_(~m, torch.inf) for m in (x_mask, y_mask))
    # One entry a coordinate, (B, N, 1) and (B, 1, M); first the infinite distance of padding.
    across = [t.contiguous().unsqueeze(2) for t in (far_x, *x.unbind(2))]
    down = [t.contiguous().unsqueeze(1) for t in (far_y, *y.unbind(2))]
    chunk = max(1, SERIAL // (N * M))

    table = x.new_empty(chunk, N, M)
    difference = torch.empty_like(table)
    pieces = [t.split(chunk) for t in (of_x, of_y, *across, *down)]
    for to_x, to_y, *coordinates in zip(*pieces, strict=True):
        (a, *columns_x), (b, *columns_y) = coordinates[: D + 1], coordinates[D + 1 :]
        if len(to_x) < chunk:
            table, difference = table[: len(to_x)], difference[: len(to_x)]
        torch.add(a, b, out=table)
        for a, b in zip(columns_x, columns_y, strict=True):
            torch.sub(a, b, out=difference)
            if norm == "l2":
                table.addcmul_(difference, difference)
            else:
                table.add_(difference.abs_())
        distances = table.numpy()
        np.argmin(distances, axis=2, out=to_x.numpy())
        np.argmin(distances, axis=1, out=to_y.numpy())
    return Neighbours(of_x, of_y)
