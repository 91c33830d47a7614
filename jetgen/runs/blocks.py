"""Jets are generated in blocks, each from a random stream of its own.

So the first jets of a larger number are those of a smaller one, on any device and from any start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch

BLOCK = 256
"""Jets made from one random stream, which depends on the seed and the place of the block alone."""


def blocks(jets: int, seed: int, start: int) -> Iterator[tuple[torch.Generator, slice]]:
    """The random streams of the blocks of jets ``start`` to ``jets - 1``, and which are kept."""
    for block in range(start // BLOCK, math.ceil(jets / BLOCK)):
        words = np.random.SeedSequence((seed, block)).generate_state(1, np.uint64)
        first = block * BLOCK
        kept = slice(max(start - first, 0), min(jets - first, BLOCK))
        yield torch.Generator().manual_seed(int(words[0])), kept
