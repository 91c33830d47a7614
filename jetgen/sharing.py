r"""The part of a batch that one process works on.

A step is that of the whole batch, however it is divided: over processes, and within a process into
pieces one after the other (``accumulate``). Three rules are enough for that, within :func:`shared`:

* the loss is a mean over the jets of the whole batch;
* random numbers of jets are drawn for the whole batch, in every process, and each takes those of
  its own rows (:func:`drawn`);
* what depends on several jets (a distance of codes to a prior, a batch normalisation) takes the
  rows of all processes (:func:`gathered`, :func:`summed`).

Outside of it, and without other processes, all functions do what their names say for the batch that
they receive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed

from jetgen import processes


class Share(NamedTuple):
    """Which rows of a batch are processed at a time.

    Args:
        whole: number of rows of the batch.
        piece: number of rows that all processes work on together.
        first: the first row of the piece.
        start: the first row of this process.
        rows: number of rows of this process; at least 1, even if none is left for it.
        counted: how many of them contribute: ``rows``, or 0 if none was left.
    """

    whole: int
    piece: int
    first: int
    start: int
    rows: int
    counted: int

    @property
    def all_rows(self) -> bool:
        return self.rows == self.whole


_share: Share | None = None


def current_share() -> Share | None:
    """The share within :func:`shared`; ``None`` outside."""
    return _share


def size(batch: Any) -> int:
    """Number of rows of a batch: a cloud, a tensor or a tuple of tensors."""
    return len(batch[0]) if isinstance(batch, tuple) else len(batch)


@contextmanager
def shared(batch: Any, piece: int = 0, pieces: int = 1) -> Iterator[tuple[Any, Share]]:
    """Yield the rows of a batch that this process works on, and which ones they are.

    Args:
        batch: a cloud, or a named tuple of tensors with one row per jet.
        piece: which of the pieces is processed.
        pieces: number of pieces that the batch is processed in, one after the other.
    """
    global _share
    whole = size(batch)
    first, end = _cut(0, whole, piece, pieces)
    start, stop = _cut(first, end, processes.index(), processes.count())
    counted = stop - start
    start = min(start, whole - 1)
    share = Share(whole, end - first, first, start, max(1, counted), counted)
    before, _share = _share, share
    try:
        yield batch if share.all_rows else _rows(batch, share), share
    finally:
        _share = before


def drawn(
    draw: Callable[..., Tensor], shape: tuple[int, ...], *, dim: int = 0, **options: Any
) -> Tensor:
    """``draw(shape, **options)``: random numbers, independent of how the batch is divided.

    Args:
        draw: function such as ``torch.randn``.
        shape: of the result.
        dim: the dimension with one entry per jet of the batch.
        options: further arguments of ``draw``, such as ``generator``.

    Raises:
        ValueError: when the dimension has another size than the share of the batch.
    """
    share = _share
    if share is None or share.all_rows:
        return draw(tuple(shape), **options)
    if shape[dim] != share.rows:
        raise ValueError(f"shape: expected {share.rows} in dimension {dim}, received {shape}")
    whole = (*shape[:dim], share.whole, *shape[dim + 1 :])
    return draw(whole, **options).narrow(dim, share.start, share.rows)


def gathered(values: Tensor) -> Tensor:
    """The rows ``(B, ...)`` of all processes for values of one's own rows, with gradients."""
    share = _share
    if share is None or processes.count() == 1:
        return values
    before = share.start - share.first if share.counted else 0
    after = share.piece - before - share.counted
    padding = [0, 0] * (values.ndim - 1) + [before, after]
    return summed(torch.nn.functional.pad(values[: share.counted], padding))


def summed(values: Tensor) -> Tensor:
    """The sum over processes, with gradients; values of rows that do not count must be left out."""
    if _share is None or processes.count() == 1:
        return values
    total: Tensor = _Sum.apply(values)
    return total


class _Sum(torch.autograd.Function):
    """Sum over processes; its gradient is that of the sum of all their losses."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total: Tensor = _Sum.apply(gradient.contiguous())
        return total


def _cut(start: int, end: int, index: int, parts: int) -> tuple[int, int]:
    """Part number ``index`` of equal parts of a range; the first are longer by one, if any."""
    size, longer = divmod(end - start, parts)
    begin = start + index * size + min(index, longer)
    return begin, begin + size + (index < longer)


def _rows(batch: Any, share: Share) -> Any:
    rows = slice(share.start, share.start + share.rows)
    if isinstance(batch, tuple):
        return type(batch)(*(column[rows] for column in batch))
    return batch[rows]
