"""Several processes that simulate at once, and give the same jets in the same order each time.

Every worker has its own seed, makes a fixed share of the jets, and sends them batch by batch;
the batches are taken in turn from one worker after the other, whoever is faster. Processes and
not threads: Pythia holds the interpreter while it makes a batch.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

import numpy as np

from jetgen.config.simulate import LARGEST_SEED, SimulateConfig
from jetgen.datasets.simulation.presets import PRESETS
from jetgen.errors import InputError

if TYPE_CHECKING:
    from jetgen.datasets.simulation.clouds import Sets
    from jetgen.datasets.simulation.clustering import Jets

    Made = Jets | Sets

EVENTS_PER_BATCH = 50
"""Small enough for the processor's cache (an event takes about 0.2 MB)."""

FRUITLESS_BATCHES = 40
"""A worker gives up after so many batches in a row without a single jet."""

BACKLOG = 64
"""Batches of a fast worker that wait for a slow one; then the fast one pauses."""


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
                    "the pT windows or change the --pythia settings"
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
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    processes = []
    try:
        for seed, jets in zip(seeds, quotas, strict=True):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(config, seed, jets, sender), daemon=True)
            with _ignored_interrupt():
                process.start()
            sender.close()
            pipes.append(receiver)
            processes.append(process)
        yield from _in_turn(pipes, quotas, stop)
    except EOFError as error:
        (index,) = error.args
        processes[index].join(5)
        raise ChildProcessError(
            f"simulation worker {index + 1} of {len(processes)} died (exit code "
            f"{processes[index].exitcode}) before its jets were done; is there enough memory? "
            "Try fewer --workers"
        ) from error
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _in_turn(
    pipes: list[Connection], quotas: list[int], stop: Callable[[], bool]
) -> Iterator[Made]:
    """One batch from each pipe in turn, until every one has given its jets.

    Raises:
        EOFError: with the index of a pipe that closed too early.
    """
    backlog: list[deque[Made]] = [deque() for _ in pipes]
    unread, ungiven = list(quotas), list(quotas)
    turn = 0
    while any(ungiven):
        if stop():
            for waiting in backlog:
                yield from waiting
            return
        while not ungiven[turn]:
            turn = (turn + 1) % len(pipes)
        if backlog[turn]:
            jets = backlog[turn].popleft()
            ungiven[turn] -= len(jets)
            turn = (turn + 1) % len(pipes)
            yield jets
            continue
        open_pipes = [
            pipe
            for pipe, rest, waiting in zip(pipes, unread, backlog, strict=True)
            if rest and len(waiting) < BACKLOG
        ]
        for ready in wait(open_pipes, timeout=0.1):
            index = pipes.index(ready)  # type: ignore[arg-type]
            try:
                message = pipes[index].recv()
            except EOFError:
                raise EOFError(index) from None
            if isinstance(message, Exception):
                raise message
            unread[index] -= len(message)
            backlog[index].append(message)


def _work(config: SimulateConfig, seed: int, jets: int, pipe: Connection) -> None:
    """A worker's life: send batches of jets, or the error that ended it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    from jetgen.silence import silent

    try:
        with silent():
            for batch in make_jets(config, seed, jets):
                pipe.send(batch)
    except BrokenPipeError:
        return  # the parent is gone
    except InputError as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(RuntimeError(f"simulation worker: {type(error).__name__}: {error}"))


@contextmanager
def _ignored_interrupt() -> Iterator[None]:
    """Ctrl-C is ignored, by child processes that start here too (before they say so)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C was pressed; a second one has its usual effect.

    The first raises nothing, so that no write is cut in two.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def press(number: int, frame: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
