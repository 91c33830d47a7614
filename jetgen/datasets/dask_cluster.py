"""Work done by the workers of a Dask cluster, here or on other machines."""

from __future__ import annotations

import gc
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from jetgen.config.option import require
from jetgen.datasets.parallel import ignored_interrupt
from jetgen.errors import InputError
from jetgen.extras import require_package
from jetgen.files.silence import silent

T = TypeVar("T")
B = TypeVar("B")

AHEAD = 3
"""Pieces per worker that are asked for before their turn; they bound the memory of the cluster."""

MOST_LOCAL = 1024
"""Largest number of worker processes on this machine."""

CONNECTING = 30
"""Seconds to wait for the scheduler."""


def by_dask(
    work: Callable[[T], B],
    pieces: Iterable[T],
    address: str,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[B]:
    """The results for these pieces, in order, until all are done or ``stop()`` is true.

    Pieces of workers that die are worked on again by others; the client holds one result at a time.

    Args:
        work: function of a piece; it, the pieces and the results are pickled.
        pieces: what is worked on, each on its own.
        address: of the scheduler (``tcp://HOST:PORT``, or its scheduler file), or ``local[:N]`` for
            N worker processes on this machine, by default one per core.
        stop: whether to end early.

    Raises:
        InputError: when there is no scheduler at the address, or a worker raises one.
        ChildProcessError: when a piece ended several workers, or the scheduler is gone.
    """
    distributed = require_package("distributed")
    with _connected(distributed, address) as client:
        left, waiting, name = enumerate(pieces), deque[Any](), uuid.uuid4().hex
        while True:
            room = AHEAD * max(1, len(client.ncores()))
            while len(waiting) < room and not stop() and (piece := next(left, None)) is not None:
                key = f"piece-{name}-{piece[0]}"
                waiting.append(client.submit(_one, work, piece[1], key=key, pure=False))
            if not waiting:
                return
            future = waiting.popleft()
            while not future.done():
                if stop():
                    return
                with suppress(TimeoutError):
                    distributed.wait(future, timeout=0.2)
            yield _result(distributed, future)


def _result(distributed: Any, future: Any) -> Any:
    try:
        return future.result()
    except distributed.scheduler.KilledWorker as error:
        raise ChildProcessError(
            "the workers that tried one piece died; check their memory and their logs"
        ) from error
    except distributed.CancelledError as error:
        raise ChildProcessError(
            "the Dask scheduler is gone; go on with resume=True when it runs again"
        ) from error


@contextmanager
def _connected(distributed: Any, address: str) -> Iterator[Any]:
    place, _, number = address.partition(":")
    with ExitStack() as stack:
        target: Any = address
        if place == "local":
            cores = len(os.sched_getaffinity(0))
            workers = int(number) if number.isdecimal() else 0 if number else cores
            require(1 <= workers <= MOST_LOCAL, "dask", f"local:1 to local:{MOST_LOCAL}", address)
            with ignored_interrupt():
                cluster = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address="127.0.0.1:0",
                    silence_logs="CRITICAL",
                )
            target = stack.enter_context(cluster)
        chosen = {"scheduler_file": address} if Path(address).is_file() else {"address": target}
        refused = None
        try:
            client = distributed.Client(**chosen, timeout=CONNECTING)
        except (OSError, ValueError, TypeError, LookupError, AssertionError) as error:
            refused = str(error) or "a file of another kind"
        if refused is not None:
            gc.collect()  # Dask ends a client that did not start here; later it may wait for ever
            raise InputError(
                f"dask: expected the address of a running scheduler (tcp://HOST:PORT), its "
                f"scheduler file, or local[:N], received {address!r} ({refused})"
            )
        yield stack.enter_context(client)


_ONE_AT_A_TIME = threading.Lock()
"""Pythia and torch models are kept per process; threads of a worker take turns."""


def _one(work: Callable[[T], B], piece: T) -> B:
    """One piece, in a worker."""
    with _ONE_AT_A_TIME, silent():
        return work(piece)


@contextmanager
def dask_executor(address: str) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """A pool whose tasks run on a Dask cluster, and a function that returns its number of workers.

    Tasks of workers that die are run again by others. For :func:`by_dask`'s errors see there.

    Args:
        address: as for :func:`by_dask`.
    """
    distributed = require_package("distributed")
    with _connected(distributed, address) as client:
        try:
            yield client.get_executor(pure=False), lambda: max(1, len(client.ncores()))
        except distributed.scheduler.KilledWorker as error:
            raise ChildProcessError(
                "the workers that tried one task died; check their memory and their logs"
            ) from error
