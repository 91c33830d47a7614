"""Production of batches by several processes in parallel, in a reproducible order.

Every worker produces a fixed share of the total and sends it in batches. The batches are received
from the workers in turn, independent of their speed. Processes are used instead of threads, because
Pythia and FastJet hold the interpreter lock during a batch.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Generic, NamedTuple, TypeVar

from jetgen.errors import InputError

B = TypeVar("B", bound=Sized)

BACKLOG = 4
"""Largest number of waiting batches per worker; then a fast worker pauses."""


class Share(NamedTuple, Generic[B]):
    """The share of one worker.

    Args:
        make: function that yields its batches; it is sent to the worker's process.
        size: total length of all its batches.
    """

    make: Callable[[], Iterable[B]]
    size: int


def in_turn(shares: Sequence[Share[B]], stop: Callable[[], bool]) -> Iterator[B]:
    """The batches of all shares, one of each in turn; each share has its own process.

    When ``stop()`` becomes true, the batches received so far whose turn it is are still yielded, so
    that those yielded are the first of all.

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
            with ignored_interrupt():
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
            f"{processes[index].exitcode}) before its share was complete; check the memory, or try "
            "fewer `workers`"
        ) from error
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def received(
    pipes: Sequence[Connection], sizes: Sequence[int], stop: Callable[[], bool]
) -> Iterator[B]:
    """One batch from each pipe in turn, until the sizes of all shares are reached.

    Raises:
        EOFError: with the index of a pipe that was closed too early.
    """
    backlog: list[deque[B]] = [deque() for _ in pipes]
    unread, ungiven = list(sizes), list(sizes)
    turn = 0
    while any(ungiven):
        while not ungiven[turn]:
            turn = (turn + 1) % len(pipes)
        if backlog[turn]:
            batch = backlog[turn].popleft()
            ungiven[turn] -= len(batch)
            turn = (turn + 1) % len(pipes)
            yield batch
            continue
        if stop():
            return
        open_pipes = [
            pipe
            for pipe, rest, waiting in zip(pipes, unread, backlog, strict=True)
            if rest and len(waiting) < BACKLOG
        ]
        for ready in wait(open_pipes, timeout=0.1):
            index = pipes.index(ready)
            try:
                message = pipes[index].recv()
            except (EOFError, OSError):  # before a message, or in the middle of one
                raise EOFError(index) from None
            if isinstance(message, Exception):
                raise message
            unread[index] -= len(message)
            backlog[index].append(message)


def _work(make: Callable[[], Iterable[Sized]], pipe: Connection) -> None:
    """Main function of a worker: send batches, or the error that ended it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    from jetgen.files.silence import silent

    try:
        with silent():
            for batch in make():
                pipe.send(batch)
    except BrokenPipeError:
        return  # the parent has ended
    except InputError as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(RuntimeError(f"worker: {type(error).__name__}: {error}"))


def _end_with_parent() -> None:
    """End this process with the one that started it, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def ignored_interrupt() -> Iterator[None]:
    """Ignore Ctrl-C, also in child processes that start in this context."""
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
    """Yield a function that returns whether Ctrl-C was pressed; the second has its usual effect.

    The first Ctrl-C raises no exception, so that no write is interrupted.
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
