"""Numbers of single precision in jetgen, whatever ``torch.set_default_dtype`` says elsewhere."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


def in_single_precision(function: Callable[P, R]) -> Callable[P, R]:
    """The function, within which tensors of no stated type have single precision.

    Networks and random numbers are made so. For a generator, this holds while it makes an item,
    and not in the code that takes the items.
    """

    @functools.wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        with _single_precision():
            return function(*arguments, **options)

    @functools.wraps(function)
    def each(*arguments: P.args, **options: P.kwargs) -> Iterator[Any]:
        items = cast(Iterator[Any], function(*arguments, **options))
        while True:
            with _single_precision():
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item

    return cast(Callable[P, R], each) if inspect.isgeneratorfunction(function) else call


@contextmanager
def _single_precision() -> Iterator[None]:
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
