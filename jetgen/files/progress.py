"""Progress of long commands with a time estimate: a bar in terminals, lines in files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from jetgen.files.terminal import Terminal

SECONDS_BETWEEN_LINES = 10.0
"""Smallest time between two lines if standard error is not a terminal."""


class _Bar(Progress):
    """A bar in a terminal; otherwise a line at regular intervals and at the end."""

    def __init__(self, unit: str, *columns: Any, **options: Any) -> None:
        super().__init__(*columns, **options)
        self.unit, self.said = unit, time.monotonic()

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **changes)
        self._say(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        if (
            self.disable
            or self.console.is_terminal
            or time.monotonic() - self.said < SECONDS_BETWEEN_LINES
        ):
            return
        self.said = time.monotonic()
        task = self._tasks[task_id]
        total = "" if task.total is None else f" of {task.total:,.0f}"
        left = "" if task.time_remaining is None else f", {task.time_remaining:.0f} s left"
        note = f", {task.fields['note']}" if task.fields.get("note") else ""
        line = f"{task.description}: {task.completed:,.0f}{total} {self.unit}"
        self.console.print(
            f"{line}, {task.elapsed or 0:.0f} s elapsed{left}{note}", markup=False, soft_wrap=True
        )


def progress_bar(unit: str, *, shown: bool = True) -> Progress:
    """A bar on standard error: completed and total ``unit``, elapsed and remaining time."""
    return _Bar(
        unit,
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        TextColumn("{task.fields[note]}"),
        console=Terminal(stderr=True),
        disable=not shown,
    )


@contextmanager
def named_steps(first: str) -> Iterator[Callable[[str], None]]:
    """The step of a command under way, ``first`` at the beginning; yields what names the next.

    In a terminal the line is replaced; otherwise a new one is written at regular intervals.
    """
    console, begun = Terminal(stderr=True), time.monotonic()
    said = begun
    with console.status(first) as status:

        def step(name: str) -> None:
            nonlocal said
            status.update(name)
            now = time.monotonic()
            if not console.is_terminal and now - said >= SECONDS_BETWEEN_LINES:
                said = now
                console.print(f"{name}, {now - begun:.0f} s elapsed", soft_wrap=True)

        yield step


@contextmanager
def counted(task: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar for one task of known size; yields the function that advances it."""
    with progress_bar(unit) as bar:
        handle = bar.add_task(task, total=total, note="")
        yield lambda count: bar.advance(handle, count)
