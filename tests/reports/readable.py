"""What is wrong with the text of a figure: clipped, or one word over another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

_TOLERANCE = 1.5
"""Pixels that two boxes may share: boxes are a little larger than their letters."""


def faults(figure: Figure, area: Bbox | None = None) -> list[str]:
    """A line for each text that leaves the saved area (inches) or covers another."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    area = (area or figure.bbox_inches).transformed(figure.dpi_scale_trans)
    texts = [(text, box) for text, box in _texts(figure, canvas.get_renderer()) if box.width > 0]
    found = [
        f"clipped: {text!r}"
        for text, box in texts
        if box.x0 < area.x0 - 1 or box.y0 < area.y0 - 1
        or box.x1 > area.x1 + 1 or box.y1 > area.y1 + 1
    ]  # fmt: skip
    for (one, first), (other, second) in combinations(texts, 2):
        shared = Bbox.intersection(first, second)
        if shared is not None and min(shared.width, shared.height) > _TOLERANCE:
            found.append(f"{one!r} covers {other!r}")
    return found


def _texts(figure: Figure, renderer: object) -> Iterator[tuple[str, Bbox]]:
    for text in figure.texts:
        yield text.get_text(), text.get_window_extent(renderer)
    for legend in figure.legends:
        for text in legend.get_texts():
            yield text.get_text(), text.get_window_extent(renderer)
    for axes in [*figure.axes, *(child for a in figure.axes for child in a.child_axes)]:
        if not axes.get_visible():
            continue
        legend = axes.get_legend()
        words = [*axes.texts, axes.title, axes._left_title, axes._right_title]
        words += legend.get_texts() if legend else []
        for axis in (axes.xaxis, axes.yaxis):
            words += [axis.label, axis.get_offset_text()]
            for tick in axis._update_ticks():
                words += [label for label in (tick.label1, tick.label2) if label.get_visible()]
        for text in words:
            if text.get_visible() and text.get_text():
                yield text.get_text(), text.get_window_extent(renderer)
