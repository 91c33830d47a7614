"""Run pieces of work that fit into the cache in parallel, one per thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Piece = TypeVar("Piece")


def in_threads(work: Callable[[Piece], object], pieces: Iterable[Piece]) -> None:
    """Call ``work`` for every piece in as many threads as torch uses; torch uses one in each.

    For small tensors torch's own threads cost more time than they save, and solvers that release
    the interpreter lock run in parallel.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if threads == 1:
            for piece in pieces:
                work(piece)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, pieces))
    finally:
        torch.set_num_threads(threads)
