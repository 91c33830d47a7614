"""The style of figures: that of LHC papers, with colours for colour-blind readers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
import mplhep
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

REAL = "#1a1a1a"
"""Colours of the sets that samples are compared to: dark grey lines, light grey bands."""

INTENSITY = "viridis"
DIVERGING = LinearSegmentedColormap.from_list("diverging", ["#0072B2", "#f7f7f7", "#D55E00"])
"""Colours of differences: blue for too little, vermilion for too much."""

BEYOND = "#f0e442"
"""The background of underflow and overflow bins."""

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))

_STYLE: dict[str, Any] = {
    "font.size": 12,
    "axes.labelsize": 13,
    "axes.titlesize": 13,
    "legend.fontsize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "axes.linewidth": 1.0,
    "xtick.major.size": 6,
    "ytick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.minor.size": 3,
    "xtick.minor.ndivs": 2,  # every tick costs a millisecond
    "ytick.minor.ndivs": 2,
    "axes.titley": 1.0,  # else every title is laid out with all ticks
    "axes.labelpad": 3.0,
    "axes.titlepad": 6.0,
    "xtick.major.pad": 6.0,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "axes.formatter.limits": (-3, 4),
    "mathtext.fontset": "custom",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.bbox": "standard",
    "pdf.fonttype": 42,
}


def grid(
    rows: int,
    columns: int,
    *,
    panel: tuple[float, float],
    margins: tuple[float, float, float, float],
    gaps: tuple[float, float],
) -> tuple[Figure, GridSpec]:
    """A figure of equal panels, all lengths in inches: margins left, right, bottom, top."""
    left, right, bottom, top = margins
    width = left + right + columns * panel[0] + (columns - 1) * gaps[0]
    height = bottom + top + rows * panel[1] + (rows - 1) * gaps[1]
    figure = Figure(figsize=(width, height))
    spec = figure.add_gridspec(
        rows, columns, left=left / width, right=1 - right / width, bottom=bottom / height,
        top=1 - top / height, wspace=gaps[0] / panel[0], hspace=gaps[1] / panel[1],
    )  # fmt: skip
    return figure, spec


_LONGEST_NAME = 30


def shortened(name: str) -> str:
    """The name of a sample for figures, with the middle of a long name replaced by an ellipsis."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME // 2 - 1]}…{name[-_LONGEST_NAME // 2 :]}"


_LEGEND: dict[str, Any] = {
    "loc": "upper center", "bbox_to_anchor": (0.5, 1.0), "borderaxespad": 0.3,
    "columnspacing": 1.2, "handlelength": 1.6, "handletextpad": 0.5,
}  # fmt: skip


class Legend:
    """A legend above a figure, in as many rows as the width of the figure requires.

    Args:
        handles: the entries.
        width: of the figure, in inches.
    """

    def __init__(self, handles: Sequence[Artist], width: float) -> None:
        self.handles = list(handles)
        for columns in range(len(self.handles), 0, -1):
            self.columns = columns
            size = self._size(width)
            self.height = size[1]
            if size[0] <= width:
                break

    def _size(self, width: float) -> tuple[float, float]:
        figure = Figure(figsize=(width, 1))
        FigureCanvasAgg(figure)
        legend = figure.legend(handles=self.handles, ncols=self.columns, **_LEGEND)
        extent = legend.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
        return extent.width, extent.height

    def draw(self, figure: Figure) -> None:
        figure.legend(handles=self.handles, ncols=self.columns, **_LEGEND)


_SETTING_SIZE, _SETTING_LINE = 9.0, 0.17
"""Size of the line above a figure: points of the font, and inches per line."""


def with_setting(figure: Figure, setting: str) -> Bbox:
    """Write the setting above a figure; return the area to be saved, in inches."""
    for axes in figure.axes:  # a power of ten of the numbers, on the other side than the label
        axes.xaxis.get_offset_text().set(x=0, horizontalalignment="left")
    width, height = figure.get_size_inches()
    if not setting:
        return Bbox.from_bounds(0, 0, width, height)
    letters = max(20, int(width * 72 / (0.52 * _SETTING_SIZE)))
    rows = textwrap.wrap(setting, letters)
    above = _SETTING_LINE * len(rows) + 0.12
    figure.text(
        0.1 / width, 1 + (above - 0.06) / height, "\n".join(rows), fontsize=_SETTING_SIZE,
        color="#555555", ha="left", va="top", linespacing=1.1,
    )  # fmt: skip
    return Bbox.from_bounds(0, 0, width, height + above)


class Line(NamedTuple):
    """Colour and dash pattern of one sample."""

    colour: str
    dashes: Any


def log_ticks(axis: Axis) -> None:
    """Label powers of ten; where fewer than two are in view also their threefolds, no others."""
    low, high = sorted(axis.get_view_interval())
    powers = math.floor(math.log10(high)) - math.ceil(math.log10(low)) + 1
    axis.set_major_locator(LogLocator(subs=(1.0,) if powers >= 2 else (1.0, 3.0)))
    axis.set_major_formatter(LogFormatterSciNotation(labelOnlyBase=False))
    axis.set_minor_formatter(NullFormatter())


@contextmanager
def figure_style() -> Iterator[None]:
    """Use the style of LHC papers inside the block, and restore the previous style after it."""
    settings: dict[Any, Any] = mplhep.style.ATLAS | _STYLE
    with matplotlib.rc_context(settings):
        yield


def lines(samples: Sequence[str]) -> dict[str, Line]:
    """The line style of each sample, the same in every figure of a report."""
    return {
        name: Line(_COLOURS[i % len(_COLOURS)], _DASHES[i % len(_DASHES)])
        for i, name in enumerate(samples)
    }
