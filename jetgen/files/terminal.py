"""Text for the terminal: names from files cannot move its cursor or change its colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from jetgen.files.printable import CONTROL


class Terminal(Console):
    """A console of rich without markup, which leaves out control characters of what it prints."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, **options)

    def render(self, *arguments: Any, **options: Any) -> Iterable[Segment]:
        for segment in super().render(*arguments, **options):
            text, style, control = segment
            yield segment if control else Segment(CONTROL.sub("", text), style)
