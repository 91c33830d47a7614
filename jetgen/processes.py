"""The processes that train one model together, as torch.distributed numbers them.

A program of one process needs no set-up: it is the first of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import distributed

from jetgen.errors import InputError

T = TypeVar("T")


def count() -> int:
    """Number of processes."""
    return distributed.get_world_size() if _together() else 1


def index() -> int:
    """The number of this process, counted from 0."""
    return distributed.get_rank() if _together() else 0


def first() -> bool:
    """Whether this is the process that writes files and to the terminal."""
    return index() == 0


def agreed(value: float) -> float:
    """The value that the first process has."""
    if count() == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64)
    distributed.broadcast(shared, 0)
    return shared.item()


def all_of(value: T) -> list[T]:
    """The values of all processes, in their order."""
    if count() == 1:
        return [value]
    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def by_first(action: Callable[[], T]) -> T:
    """The result of ``action``, which only the first process executes.

    Raises:
        SystemExit: in the other processes, when ``action`` raised an exception in the first one.
    """
    if count() == 1:
        return action()
    shared: list[Any] = [None, False]
    try:
        if first():
            shared = [action(), True]
    finally:
        distributed.broadcast_object_list(shared, 0)
    if not shared[1]:
        raise SystemExit(2)
    result: T = shared[0]
    return result


def by_all(action: Callable[[], T]) -> T:
    """The result of ``action`` in this process, once it has succeeded in all of them.

    Raises:
        Exception: in the first process, the exception of the first one that failed.
        SystemExit: in the others, when any failed.
    """
    if count() == 1:
        return action()
    failure: Exception | None = None
    try:
        result = action()
    except Exception as error:
        failure = error
    message = None if failure is None else (isinstance(failure, InputError), str(failure))
    failures = [(number, *found) for number, found in enumerate(all_of(message), 1) if found]
    if not failures:
        return result
    if not first():
        raise SystemExit(2)
    if failure is not None:
        raise failure
    number, expected, text = failures[0]
    raise (InputError if expected else RuntimeError)(f"process {number} of {count()}: {text}")


def copied_from_first(*tensors: torch.Tensor) -> None:
    """Replace the values of tensors by those that the first process has."""
    if count() > 1:
        for tensor in tensors:
            values = tensor.detach()
            values = values.view(torch.uint8) if values.dtype == torch.bool else values
            distributed.broadcast(values, 0)


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
