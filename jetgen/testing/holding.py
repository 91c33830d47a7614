"""A law that does not hold says its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def hold(law: Callable[..., None], *arguments: Any, **options: Any) -> None:
    """Call a law.

    Raises:
        AssertionError: when it does not hold or cannot be computed, with its name in words.
    """
    try:
        law(*arguments, **options)
    except Exception as error:
        said = str(error) if isinstance(error, AssertionError) else repr(error)
        raise AssertionError(f"{law.__name__.replace('_', ' ')}: {said}") from error
