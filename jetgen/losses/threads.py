"""Pieces of work that fit the cache, one for each thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Piece = TypeVar("Piece")


def in_threads(work: Callable[[Piece], object], pieces: Iterable[Piece]) -> None:
    """Call ``work`` with every piece, on as many threads as torch uses, torch on one in each.

    For small tables torch's own threads cost more than they do, and solvers that let go of the
    interpreter's lock run side by side.
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
