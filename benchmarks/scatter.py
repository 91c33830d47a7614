"""torch_geometric with and without torch-scatter, which it picks up where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch_geometric.typing

INSTALLED: bool = torch_geometric.typing.WITH_TORCH_SCATTER

Result = TypeVar("Result")


def with_scatter(work: Callable[[], Result], used: bool) -> Callable[[], Result]:
    """The same work with torch-scatter in use, or out of it."""

    def call() -> Result:
        with _scatter(used):
            return work()

    return call


@contextmanager
def _scatter(used: bool) -> Iterator[None]:
    torch_geometric.typing.WITH_TORCH_SCATTER = used
    try:
        yield
    finally:
        torch_geometric.typing.WITH_TORCH_SCATTER = INSTALLED
