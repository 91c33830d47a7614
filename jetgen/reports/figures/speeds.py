"""The speed of each step, and that of the simulation."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from jetgen.reports.page import SIMULATE
from jetgen.reports.style import REAL, grid


def speeds(rates: Mapping[str, float], many: str = "jets") -> Figure:
    """One bar per step on a logarithmic scale, with the ratio of its speed to the simulation."""
    figure, spec = grid(
        1, 1, panel=(6.2, 0.42 * len(rates) + 0.2), margins=(2.3, 0.3, 0.65, 0.15), gaps=(0, 0)
    )
    axis = figure.add_subplot(spec[0])
    names = list(rates)[::-1]
    axis.barh(
        names, [rates[name] for name in names],
        color=[REAL if name == SIMULATE else "#0072B2" for name in names], height=0.6,
    )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlim(min(rates.values()) / 3, max(rates.values()) * 40)
    simulated = rates.get(SIMULATE)
    for place, name in enumerate(names):
        words = f" {_rounded(rates[name])} / s"
        if simulated and name != SIMULATE:
            words += f", {_rounded(rates[name] / simulated)} × the simulation"
        axis.text(rates[name], place, words, va="center", ha="left", fontsize=10)
    axis.set_xlabel(f"{many.capitalize()} per second")
    axis.tick_params(axis="y", which="both", length=0)
    return figure


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
