"""Several processes that make batches at once, in the same order each time.

Every worker makes a fixed share of the whole and sends it batch by batch; the batches are taken
in turn from one worker after the other, whoever is faster. Processes and not threads: Pythia
and FastJet hold the interpreter while they make a batch.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Generic, NamedTuple, TypeVar

from jetgen.errors import InputError

B = TypeVar("B", bound=Sized)

BACKLOG = 64
"""Batches of a fast worker that wait for a slow one; then the fast one pauses."""


class Share(NamedTuple, Generic[B]):
    """What one worker does.

    Args:
        make: gives its batches; it is sent to the worker's process.
        size: the lengths of all its batches together.
    """

    make: Callable[[], Iterable[B]]
    size: int


def in_turn(shares: Sequence[Share[B]], stop: Callable[[], bool]) -> Iterator[B]:
    """The batches of all shares, one of each in turn, each share made by a process of its own.

    When ``stop()`` turns true, what has been made so far is given out, and that is all.

    Raises:
        InputError: that a worker raised.
        ChildProcessError: when a worker dies.
    """
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    processes = []
    try:
        for share in shares:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(share.make, sender), daemon=True)
            with _ignored_interrupt():
                process.start()
            sender.close()
            pipes.append(receiver)
            processes.append(process)
        yield from received(pipes, [share.size for share in shares], stop)
    except EOFError as error:
        (index,) = error.args
        processes[index].join(5)
        raise ChildProcessError(
            f"worker {index + 1} of {len(processes)} died (exit code "
            f"{processes[index].exitcode}) before its share was done; is there enough memory? "
            "Try fewer `workers`"
        ) from error
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def received(
    pipes: Sequence[Connection], sizes: Sequence[int], stop: Callable[[], bool]
) -> Iterator[B]:
    """One batch from each pipe in turn, until every one has given batches of its size.

    Raises:
        EOFError: with the index of a pipe that closed too early.
    """
    backlog: list[deque[B]] = [deque() for _ in pipes]
    unread, ungiven = list(sizes), list(sizes)
    turn = 0
    while any(ungiven):
        if stop():
            for waiting in backlog:
                yield from waiting
            return
        while not ungiven[turn]:
            turn = (turn + 1) % len(pipes)
        if backlog[turn]:
            batch = backlog[turn].popleft()
            ungiven[turn] -= len(batch)
            turn = (turn + 1) % len(pipes)
            yield batch
            continue
        open_pipes = [
            pipe
            for pipe, rest, waiting in zip(pipes, unread, backlog, strict=True)
            if rest and len(waiting) < BACKLOG
        ]
        for ready in wait(open_pipes, timeout=0.1):
            index = pipes.index(ready)
            try:
                message = pipes[index].recv()
            except EOFError:
                raise EOFError(index) from None
            if isinstance(message, Exception):
                raise message
            unread[index] -= len(message)
            backlog[index].append(message)


def _work(make: Callable[[], Iterable[Sized]], pipe: Connection) -> None:
    """A worker's life: send batches, or the error that ended it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    from jetgen.files.silence import silent

    try:
        with silent():
            for batch in make():
                pipe.send(batch)
    except BrokenPipeError:
        return  # the parent is gone
    except InputError as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(RuntimeError(f"worker: {type(error).__name__}: {error}"))


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
