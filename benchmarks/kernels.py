"""The same work with and without the Triton kernels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def in_torch(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same work on plain torch."""

    @wraps(work)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with _kernels("torch"):
            return work(*args, **kwargs)

    return call


@contextmanager
def _kernels(chosen: str) -> Iterator[None]:
    before = os.environ.get("JETGEN_KERNELS", "auto")
    os.environ["JETGEN_KERNELS"] = chosen
    try:
        yield
    finally:
        os.environ["JETGEN_KERNELS"] = before
