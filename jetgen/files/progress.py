"""Progress bars with a time estimate, the same for every long command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def progress_bar(unit: str) -> Progress:
    """A bar on standard error: done of total in ``unit``, elapsed and remaining time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )


@contextmanager
def counted(task: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar for one task of known size; yields the function that advances it."""
    with progress_bar(unit) as bar:
        handle = bar.add_task(task, total=total, note="")
        yield lambda count: bar.advance(handle, count)
