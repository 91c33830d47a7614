"""Several processes that simulate at once: every worker has its own seed and share of the jets."""

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
"""Small enough for the processor's cache (an event takes about 0.2 MB)."""

FRUITLESS_BATCHES = 40
"""A worker gives up after so many batches in a row without a single jet."""


def worker_seeds(seed: int, workers: int) -> list[int]:
    """Different seeds in Pythia's range, one a worker.

    >>> worker_seeds(1, 2)
    [792715521, 717845249]
    """
    words = np.random.SeedSequence(seed).generate_state(4 * workers, np.uint64)
    distinct = dict.fromkeys(int(word % LARGEST_SEED) + 1 for word in words)
    return list(distinct)[:workers]


def shares(jets: int, workers: int) -> list[int]:
    """How many jets each worker makes.

    >>> shares(10, 3)
    [4, 3, 3]
    """
    return [jets // workers + (i < jets % workers) for i in range(workers)]


def make_jets(config: SimulateConfig, seed: int, jets: int) -> Iterator[Made]:
    """Batches of jets, ``jets`` in all, from one Pythia in this process.

    Raises:
        InputError: when Pythia does not start, or makes no jets with these settings.
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
                    f"{FRUITLESS_BATCHES * size} collisions ({events} good ones in all); widen "
                    "the pT windows or change the `pythia` settings"
                )


def _made(config: SimulateConfig, seed: int, size: int) -> Iterator[tuple[int, Made]]:
    """The good collisions of every ``size``, and the sets of the sample that they make."""
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
    """Batches of jets from all workers, in an order that depends on seed and workers only.

    When ``stop()`` turns true, what has been made so far is given out, and that is all.

    Raises:
        InputError: when a worker's settings do not make jets.
        ChildProcessError: when a worker dies.
    """
    quotas = [n for n in shares(config.jets, config.workers) if n]
    seeds = worker_seeds(config.seed, len(quotas))
    works = [
        Share(partial(make_jets, config, seed, jets), jets)
        for seed, jets in zip(seeds, quotas, strict=True)
    ]
    return in_turn(works, stop)
