"""Search for nearest neighbours on the CPU, in chunks or compiled with Inductor.

Compiling takes about ten seconds, once per process; the compiled search uses all cores. It is
compiled after about as much time has been spent in chunks, so that short runs never wait for it,
and never with ``JETGEN_KERNELS=torch``. Both do the same arithmetic in the same order, so that the
results are equal.
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

from jetgen.files.compiled import keep_compiled_code
from jetgen.losses.distances import Norm

SERIAL = 32768
"""Number of elements up to which torch runs an operation in the calling thread."""

PAYS_AFTER = 4_000_000_000
"""Number of pairs of particles that take about as long in chunks as the compilation."""


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
        # Inductor recompiles for every size that is one: those are searched in chunks.
        if self.pairs_left < 0 and min(*x.shape[:2], y.shape[1]) > 1 and may_compile():
            from torch._dynamo.exc import BackendCompilerFailed

            try:
                return self._compiled(x.detach(), x_mask, y.detach(), y_mask, norm)
            except BackendCompilerFailed as error:
                self.pairs_left = torch.inf
                warnings.warn(
                    "the search for nearest neighbours could not be compiled and runs in chunks "
                    f"({str(error.inner_exception).splitlines()[0]}); "
                    "set JETGEN_KERNELS=torch to avoid the attempt",
                    RuntimeWarning,
                    stacklevel=2,
                )
        return search_chunks(x, x_mask, y, y_mask, norm)

    @functools.cached_property
    def fused(self) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
        """The two compiled steps; the import of Inductor takes seconds too."""
        keep_compiled_code()
        smallest = torch.compile(smallest_distances, dynamic=True)
        return smallest, torch.compile(first_at, dynamic=True)

    def _compiled(
        self, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm
    ) -> Neighbours:
        """Vector instructions run along the slots of the searching set, one lane per slot."""
        smallest, place = self.fused
        for_x = x.mT.contiguous(), y.contiguous(), y_mask.contiguous()
        for_y = y.mT.contiguous(), x.contiguous(), x_mask.contiguous()
        return Neighbours(*(place(*s, smallest(*s, norm), norm) for s in (for_x, for_y)))


def may_compile() -> bool:
    """Whether a C++ compiler and Python's headers exist and ``JETGEN_KERNELS`` is not torch."""
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    headers = Path(sysconfig.get_path("include"), "Python.h")
    wanted = os.environ.get("JETGEN_KERNELS") != "torch"
    return wanted and headers.exists() and shutil.which(compiler) is not None


def search_chunks(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor, norm: Norm) -> Neighbours:
    """Search in chunks of a few jets, in buffers that fit into the cache, in one thread.

    NumPy's argmin uses vector instructions, unlike torch's: 3 to 8 times faster. A second thread
    does not help for tensors this small: two take 18 ms, one takes 10.
    """
    (size, N, _), M = x.shape, y.shape[1]
    of_x = torch.empty(size, N, dtype=torch.int64)
    of_y = torch.empty(size, M, dtype=torch.int64)
    # One entry per coordinate, (B, N, 1) and (B, 1, M). Padding is infinitely far from everything.
    across = [t.contiguous().unsqueeze(2) for t in _coordinates(x, x_mask, torch.inf)]
    down = [t.contiguous().unsqueeze(1) for t in _coordinates(y, y_mask, -torch.inf)]
    chunk = max(1, SERIAL // (N * M))

    table = x.new_empty(chunk, N, M)
    difference = torch.empty_like(table)
    pieces = [t.split(chunk) for t in (of_x, of_y, *across, *down)]
    for to_x, to_y, *coordinates in zip(*pieces, strict=True):
        if len(to_x) < chunk:
            table, difference = table[: len(to_x)], difference[: len(to_x)]
        half = len(coordinates) // 2
        for d, (a, b) in enumerate(zip(coordinates[:half], coordinates[half:], strict=True)):
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

    Written, as :func:`first_at`, so that Inductor can fuse it: two minima, first over distances and
    then over indices, are several times faster than one argmin.
    """
    return _distances(x, y, y_mask, norm).amin(1)


def first_at(x: Tensor, y: Tensor, y_mask: Tensor, smallest: Tensor, norm: Norm) -> Tensor:
    """The first particle of ``y (B, M, D)`` at the ``smallest`` distance, or the first with a NaN.

    The distances are used only once, because Inductor would otherwise write them to memory.
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
    for a, b in zip(x.unbind(1), _coordinates(y, y_mask, torch.inf), strict=True):
        difference = b.unsqueeze(2) - a.unsqueeze(1)
        total = total + (difference * difference if norm == "l2" else difference.abs())
    return total


def _coordinates(points: Tensor, mask: Tensor, far: float) -> list[Tensor]:
    """The coordinates ``(B, N)``; the first is replaced by ``far`` where the mask is false."""
    first, *others = points.unbind(2)
    return [torch.where(mask, first, far), *others]
