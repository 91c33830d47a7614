"""How figures look: the field's style, colours that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
import mplhep
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

REAL = "#1a1a1a"
"""Real jets are dark grey lines over a light grey band."""

INTENSITY = "viridis"
DIVERGING = LinearSegmentedColormap.from_list("diverging", ["#0072B2", "#f7f7f7", "#D55E00"])
"""Too little blue, too much vermilion."""

BEYOND = "#f0e442"
"""The shade of bins that collect what lies beyond."""

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
    "axes.labelpad": 3.0,
    "axes.titlepad": 6.0,
    "xtick.major.pad": 4.0,
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


class Line(NamedTuple):
    """Colour and dash pattern of one sample."""

    colour: str
    dashes: Any


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the style of the field's papers inside the block, and leave no trace after it."""
    settings: dict[Any, Any] = mplhep.style.ATLAS | _STYLE
    with matplotlib.rc_context(settings):
        yield


def lines(samples: Sequence[str]) -> dict[str, Line]:
    """A look for each sample, the same in every figure of a report."""
    return {
        name: Line(_COLOURS[i % len(_COLOURS)], _DASHES[i % len(_DASHES)])
        for i, name in enumerate(samples)
    }
