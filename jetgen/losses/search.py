"""The search for nearest neighbours on the CPU: chunk by chunk, or compiled with Inductor.

Compiling takes some ten seconds, once a process, and then every core takes part. It happens when
about as much time has gone into chunks, so that short runs never wait for it; with
``JETGEN_KERNELS=torch`` it never does. Both ways do the same arithmetic in the same order, so that
the switch changes no result.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.losses.distances import Norm

SERIAL = 32768
"""Elements up to which torch runs an operation in the calling thread."""

PAYS_AFTER = 4_000_000_000
"""Pairs of particles that take about as long in chunks as compiling does."""


class Neighbours(NamedTuple):
    """Indices of nearest neighbours: ``of_x (B, N)`` into y, ``of_y (B, M)`` into x."""

    of_x: Tensor
    of_y: Tensor


class Search:
    """``search(x, x_mask, y, y_mask, norm)``, compiled after ``pays_after`` pairs of particles."""

    def __init__(self, pays_after: float = PAYS_AFTER) -> None:
        self.pairs_left = pays_after

    def __call__(
        self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm
    ) -> Neighbours:
        self.pairs_left -= x.shape[0] * x.shape[1] * y.shape[1]
        # Inductor compiles anew for every size that is one: those stay in chunks.
        if self.pairs_left < 0 and min(*x.shape[:2], y.shape[1]) > 1 and may_compile():
            from torch._dynamo.exc import BackendCompilerFailed

            try:
                return self._compiled(x.detach(), x_mask, y.detach(), y_mask, norm)
            except BackendCompilerFailed as error:
                self.pairs_left = torch.inf
                warnings.warn(
                    "the search for nearest neighbours did not compile and goes on in chunks "
                    f"({str(error.inner_exception).splitlines()[0]}); "
                    "JETGEN_KERNELS=torch does not try",
                    RuntimeWarning,
                    stacklevel=2,
                )
        return search_chunks(x, x_mask, y, y_mask, norm)

    @functools.cached_property
    def fused(self) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
        """The two steps by Inductor, which is loaded here: that takes seconds too."""
        smallest = torch.compile(smallest_distances, dynamic=True)
        return smallest, torch.compile(first_at, dynamic=True)

    def _compiled(
        self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm
    ) -> Neighbours:
        """Vectors run along the slots of the set that searches, each slot on its own lane."""
        smallest, place = self.fused
        for_x = x.mT.contiguous(), y.contiguous(), y_mask.contiguous()
        for_y = y.mT.contiguous(), x.contiguous(), x_mask.contiguous()
        return Neighbours(*(place(*s, smallest(*s, norm), norm) for s in (for_x, for_y)))


def may_compile() -> bool:
    """Whether a C++ compiler and Python's headers are there, and nobody asked for plain torch."""
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    headers = Path(sysconfig.get_path("include"), "Python.h")
    wanted = os.environ.get("JETGEN_KERNELS") != "torch"
    return wanted and headers.exists() and shutil.which(compiler) is not None


def search_chunks(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Neighbours:
    """A few jets at a time, in buffers that stay in the cache, in one thread.

    NumPy's arg-min uses vector instructions where torch's does not: 3 to 8 times faster. Tables
    this small gain nothing from a second thread: two took 18 ms where one takes 10.
    """
    (size, N, _), M = x.shape, y.shape[1]
    of_x = torch.empty(size, N, dtype=torch.int64)
    of_y = torch.empty(size, M, dtype=torch.int64)
    # One entry a coordinate, (B, N, 1) and (B, 1, M). Padding is infinitely far from everything.
    across = [t.contiguous().unsqueeze(2) for t in _columns(x, x_mask, torch.inf)]
    down = [t.contiguous().unsqueeze(1) for t in _columns(y, y_mask, -torch.inf)]
    chunk = max(1, SERIAL // (N * M))

    table = x.new_empty(chunk, N, M)
    difference = torch.empty_like(table)
    pieces = [t.split(chunk) for t in (of_x, of_y, *across, *down)]
    for to_x, to_y, *columns in zip(*pieces, strict=True):
        if len(to_x) < chunk:
            table, difference = table[: len(to_x)], difference[: len(to_x)]
        half = len(columns) // 2
        for d, (a, b) in enumerate(zip(columns[:half], columns[half:], strict=True)):
            part = difference if d else table
            torch.sub(a, b, out=part)
            part.square_() if norm == "l2" else part.abs_()
            if d:
                table.add_(part)
        distances = table.numpy()
        np.argmin(distances, axis=2, out=to_x.numpy())
        np.argmin(distances, axis=1, out=to_y.numpy())
    return Neighbours(of_x, of_y)


def smallest_distances(x: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Tensor:
    """The distance ``(B, N)`` from each particle of ``x (B, D, N)`` to the nearest of y.

    For Inductor to fuse, as :func:`first_at` is: two minima, first over numbers and then over
    indices, are several times faster than an arg-min over both.
    """
    return _distances(x, y, y_mask, norm).amin(1)


def first_at(x: Tensor, y: Tensor, y_mask: Tensor, smallest: Tensor, norm: Norm) -> Tensor:
    """The first particle of ``y (B, M, D)`` at the ``smallest`` distance, or the first with a NaN.

    Distances are used once, or Inductor would write a table of them to memory.
    """
    last = y.shape[1] - 1
    index = torch.arange(last + 1, dtype=torch.int32).view(1, -1, 1)
    found = _distances(x, y, y_mask, norm) == smallest.unsqueeze(1)
    first = torch.where(found, index, last).amin(1).to(torch.int64)
    broken = (y.isnan().any(2) & y_mask).to(torch.int32).argmax(1, keepdim=True)
    return torch.where(smallest.isnan(), broken, first)


def _distances(x: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Tensor:
    """``(B, M, N)``, in the arithmetic of :func:`search_chunks`."""
    total = torch.zeros(())
    for a, b in zip(x.unbind(1), _columns(y, y_mask, torch.inf), strict=True):
        difference = b.unsqueeze(2) - a.unsqueeze(1)
        total = total + (difference * difference if norm == "l2" else difference.abs())
    return total


def _columns(points: Tensor, mask: Tensor, far: float) -> list[Tensor]:
    """The coordinates ``(B, N)``, the first one ``far`` away where the mask is false."""
    first, *others = points.unbind(2)
    return [torch.where(mask, first, far), *others]
