"""Run pieces of work that fit into the cache in parallel, one per thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def in_threads(work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> list[Result]:
    """``work`` of every piece, in order, in as many threads as torch uses; torch uses one in each.

    For small tensors torch's own threads cost more time than they save, and solvers that release
    the interpreter lock run in parallel.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if threads == 1:
            return list(map(work, pieces))
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, pieces))
    finally:
        torch.set_num_threads(threads)


def ahead(items: Iterable[Result]) -> Iterator[Result]:
    """The items; each is made in a thread while its predecessor is used, if torch uses several."""
    source = iter(items)
    if torch.get_num_threads() == 1:
        yield from source
        return
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(list[Result], islice(source, 1))
        while found := coming.result():
            coming = pool.submit(list[Result], islice(source, 1))
            yield found.pop()
