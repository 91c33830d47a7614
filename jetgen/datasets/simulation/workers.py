"""Parallel simulation in chunks, each with a random stream of its own, by any worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from jetgen.components import PRESETS
from jetgen.config.simulate import LARGEST_SEED, SimulateConfig
from jetgen.datasets.mapping import mapped
from jetgen.errors import InputError

if TYPE_CHECKING:
    from jetgen.datasets.simulation.clouds import Sets
    from jetgen.datasets.simulation.clustering import Jets

    Made = Jets | Sets
    Source = Callable[[int, int], Iterator[tuple[int, Made]]]

EVENTS_PER_BATCH = 50
"""Number of events per batch, small enough for the cache (an event takes about 0.2 MB)."""

CHUNK = {"jets": 500, "dijets": 250, "muons": 10_000}
"""Number of sets per chunk, by their kind: some seconds of work."""

FRUITLESS_BATCHES = 40
"""A worker stops with an error after this number of consecutive batches without a jet."""


def chunk_seed(seed: int, number: int) -> int:
    """The seed of a chunk in the range of Pythia; those of the chunks of a run are different.

    >>> chunk_seed(1, 0), chunk_seed(1, 1)
    (792716032, 792716033)
    """
    first = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
    return (first + number) % LARGEST_SEED + 1


def chunk_sizes(config: SimulateConfig) -> list[int]:
    """Number of sets in each chunk; all but the last are of the same size."""
    size = CHUNK[PRESETS[config.sample].sets]
    return [min(size, config.jets - start) for start in range(0, config.jets, size)]


def make_chunks(config: SimulateConfig, numbers: range) -> Iterator[Made]:
    """The chunks with these numbers, from one start of Pythia per process and configuration.

    Each begins with a random stream of its own, so that it does not depend on those before it.

    Raises:
        InputError: when Pythia fails to initialise, or produces no jets with these settings.
    """
    sizes, source = chunk_sizes(config), _kept(config)
    for number in numbers:
        seed = chunk_seed(config.seed, number)
        parts = list(make_jets(config, source, seed, sizes[number]))
        kind: Any = type(parts[0])
        yield kind.joined(parts)


_KEPT: dict[str, Source] = {}


def _kept(config: SimulateConfig) -> Source:
    """The :func:`prepared` source, which a worker of Dask uses for many chunks."""
    if repr(config) not in _KEPT:
        _KEPT.clear()
        _KEPT[repr(config)] = prepared(config)
    return _KEPT[repr(config)]


def prepared(config: SimulateConfig) -> Source:
    """A function that yields, from a seed and a number of collisions per batch, the number of valid
    collisions of each batch and the sets made from them.

    Pythia is started once, with the seed of the first chunk.
    """
    from jetgen.datasets.simulation.events import batches, started

    first = chunk_seed(config.seed, 0)
    sets_of: Callable[..., Made]
    match PRESETS[config.sample].sets:
        case "muons":
            from jetgen.datasets.simulation.muons import prepared_muons

            return prepared_muons(config, first)
        case "dijets":
            from jetgen.datasets.simulation.dijets import dijets_of as sets_of
        case "jets":
            from jetgen.datasets.simulation.clustering import jets_of as sets_of
    pythia = started(config, first)

    def made(seed: int, size: int) -> Iterator[tuple[int, Made]]:
        pythia.rndm.init(seed)
        random = np.random.default_rng(seed)
        for batch in batches(pythia, config, size):
            yield len(batch.visible), sets_of(batch, config, random)

    return made


def make_jets(config: SimulateConfig, source: Source, seed: int, jets: int) -> Iterator[Made]:
    """Batches with a total of ``jets`` jets from a :func:`prepared` source.

    Raises:
        InputError: when the settings produce no jets.
    """
    size = min(EVENTS_PER_BATCH, jets)
    events, fruitless = 0, 0
    for collisions, found in source(seed, size):
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


def parallel_chunks(
    config: SimulateConfig, stop: Callable[[], bool], first: int = 0
) -> Iterator[Made]:
    """The chunks from number ``first`` on, in order (:func:`~jetgen.datasets.mapping.mapped`).

    When ``stop()`` becomes true, the chunks received so far are still yielded.

    Raises:
        InputError: when a worker produces no jets.
        ChildProcessError: when a worker dies.
    """
    return mapped(
        partial(make_chunks, config),
        chunk_sizes(config),
        first,
        workers=config.workers,
        dask=config.dask,
        stop=stop,
    )
