"""Parallel simulation: every worker process has its own seed and share of the jets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from jetgen.components import PRESETS
from jetgen.config.simulate import LARGEST_SEED, SimulateConfig
from jetgen.datasets.parallel import Share, in_turn
from jetgen.errors import InputError

if TYPE_CHECKING:
    from jetgen.datasets.simulation.clouds import Sets
    from jetgen.datasets.simulation.clustering import Jets

    Made = Jets | Sets

EVENTS_PER_BATCH = 50
"""Number of events per batch, small enough for the cache (an event takes about 0.2 MB)."""

FRUITLESS_BATCHES = 40
"""A worker stops with an error after this number of consecutive batches without a jet."""


def worker_seeds(seed: int, workers: int) -> list[int]:
    """Different seeds in the range of Pythia, one per worker.

    >>> worker_seeds(1, 2)
    [792715521, 717845249]
    """
    words = np.random.SeedSequence(seed).generate_state(4 * workers, np.uint64)
    distinct = dict.fromkeys(int(word % LARGEST_SEED) + 1 for word in words)
    return list(distinct)[:workers]


def shares(jets: int, workers: int) -> list[int]:
    """Number of jets of each worker.

    >>> shares(10, 3)
    [4, 3, 3]
    """
    return [jets // workers + (i < jets % workers) for i in range(workers)]


def make_jets(config: SimulateConfig, seed: int, jets: int) -> Iterator[Made]:
    """Batches with a total of ``jets`` jets, from one Pythia instance in this process.

    Raises:
        InputError: when Pythia fails to initialise, or produces no jets with these settings.
    """
    size = min(EVENTS_PER_BATCH, jets)
    events, fruitless = 0, 0
    for collisions, found in _made(config, seed, size):
        events += collisions
        if len(found):
            fruitless = 0
            found = found.select(np.arange(len(found)) < jets)
            jets -= len(found)
            yield found
            if not jets:
                return
        else:
            fruitless += 1
            if fruitless == FRUITLESS_BATCHES:
                raise InputError(
                    f"expected sets of {config.sample}, received none from the last "
                    f"{FRUITLESS_BATCHES * size} collisions ({events} valid ones in total); widen "
                    "the pT windows or change the `pythia` settings"
                )


def _made(config: SimulateConfig, seed: int, size: int) -> Iterator[tuple[int, Made]]:
    """For every ``size`` collisions, the number of valid ones and the sets made from them."""
    from jetgen.datasets.simulation.events import batches, started

    random = np.random.default_rng(seed)
    match PRESETS[config.sample].sets:
        case "muons":
            from jetgen.datasets.simulation.muons import muons

            yield from muons(config, seed, size, random)
        case "dijets":
            from jetgen.datasets.simulation.dijets import dijets_of

            for batch in batches(started(config, seed), config, size):
                yield len(batch.visible), dijets_of(batch, config, random)
        case "jets":
            from jetgen.datasets.simulation.clustering import jets_of

            for batch in batches(started(config, seed), config, size):
                yield len(batch.visible), jets_of(batch, config, random)


def parallel_jets(config: SimulateConfig, stop: Callable[[], bool]) -> Iterator[Made]:
    """Batches of jets from all workers, in an order that depends only on seed and workers.

    When ``stop()`` becomes true, the batches produced so far are still yielded.

    Raises:
        InputError: when a worker produces no jets.
        ChildProcessError: when a worker dies.
    """
    quotas = [n for n in shares(config.jets, config.workers) if n]
    seeds = worker_seeds(config.seed, len(quotas))
    works = [
        Share(partial(make_jets, config, seed, jets), jets)
        for seed, jets in zip(seeds, quotas, strict=True)
    ]
    return in_turn(works, stop)
