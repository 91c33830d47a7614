"""Error against stored bytes per jet, for several compressors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from jetgen.reports.style import REAL, Line, grid

Curve = Sequence[tuple[float, float]]
"""Bytes per jet and error, one pair per quantisation step."""


class Curves(NamedTuple):
    """The curves of learned codes and of general-purpose compressors, by name."""

    learned: Mapping[str, Curve]
    plain: Mapping[str, Curve]


def size_against_error(panels: Mapping[str, Curves], looks: Mapping[str, Line]) -> Figure:
    """One panel per title: learned codes in colour, general-purpose compressors in grey.

    Args:
        panels: the curves by title.
        looks: the line style of each learned code.
    """
    figure, spec = grid(
        1, len(panels), panel=(4.6, 3.6), margins=(0.9, 0.2, 0.65, 0.35), gaps=(0.9, 0)
    )
    axes = spec.subplots(squeeze=False)[0]
    for axis, (title, (learned, plain)) in zip(axes, panels.items(), strict=True):
        for name, curve in learned.items():
            look = looks[name]
            axis.plot(
                *zip(*curve, strict=True), color=look.colour, linestyle=look.dashes, marker="o",
                markersize=3.5, label=name,
            )  # fmt: skip
        for (name, curve), marker in zip(plain.items(), "sD^v", strict=False):
            axis.plot(
                *zip(*curve, strict=True), color=REAL, linestyle="-", marker=marker, markersize=4,
                linewidth=1.2, label=name,
            )  # fmt: skip
        axis.set(title=title, xlabel="Bytes per jet", xscale="log", yscale="log")
        axis.legend(fontsize=9.5)
    axes[0].set_ylabel("Error over spread, mean of pT, η, φ, mass")
    return figure
