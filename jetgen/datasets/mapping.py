"""Chunks made by other processes, in their order: by workers here, or by those of Dask.

A chunk depends on its number alone. The output is the same for any number of workers, and whichever
of them dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from functools import partial
from typing import TypeVar

from jetgen.datasets.dask_cluster import by_dask
from jetgen.datasets.parallel import Share, in_turn

B = TypeVar("B", bound=Sized)


def mapped(
    make: Callable[[range], Iterator[B]],
    sizes: Sequence[int],
    first: int,
    *,
    workers: int,
    dask: str | None,
    stop: Callable[[], bool],
) -> Iterator[B]:
    """The chunks from number ``first`` on, in order, until ``stop()`` is true.

    Args:
        make: function that yields the chunks with some numbers; it is sent to the processes.
        sizes: the length of each chunk.
        first: number of the first one.
        workers: number of processes on this machine, without ``dask``.
        dask: the Dask cluster, as :func:`~jetgen.datasets.dask_cluster.by_dask` takes it.
        stop: whether to end early.

    Raises:
        InputError: that a worker raised, or when there is no such cluster.
        ChildProcessError: when a worker dies; with ``dask``, when several die of one chunk.
    """
    left = range(first, len(sizes))
    if dask is not None:
        return by_dask(partial(_chunk, make), left, dask, stop)
    shares = []
    for worker in range(min(workers, len(left))):
        numbers = left[worker::workers]
        size = sum(sizes[number] for number in numbers)
        shares.append(Share(partial(make, numbers), size))
    return in_turn(shares, stop)


def _chunk(make: Callable[[range], Iterator[B]], number: int) -> B:
    return next(iter(make(range(number, number + 1))))
