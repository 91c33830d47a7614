"""Metrics monitored during trainings, against the number of steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from jetgen.reports.figures.training_curves import Columns
from jetgen.reports.style import grid, lines

FIGURES = {
    "monitor_fom": "AUC of boosted trees",
    "monitor_fom_chi2": r"Reduced $\chi^2$",
    "monitor_fom_overlap": "Overlap",
}
"""The columns of ``metrics.csv`` with the results of the boosted trees, and their labels."""

_EQUAL = {"monitor_fom": 0.5, "monitor_fom_chi2": 1.0, "monitor_fom_overlap": 1.0}
"""The values for samples of one distribution."""


def monitored_curves(histories: Mapping[str, Columns]) -> Figure:
    """One panel per metric, one line per training; dotted: the value of real against real jets.

    Args:
        histories: columns of ``metrics.csv`` by the title of the training, with ``step``.
    """
    figure, spec = grid(
        1, len(FIGURES), panel=(3.4, 2.8), margins=(0.85, 0.15, 0.6, 0.7), gaps=(0.95, 0.6)
    )
    axes = spec.subplots(squeeze=False)[0]
    looks = lines(list(histories))
    for axis, (name, label) in zip(axes, FIGURES.items(), strict=True):
        for title, columns in histories.items():
            known = np.isfinite(columns[name])
            axis.plot(
                columns["step"][known], columns[name][known], label=title,
                color=looks[title].colour, linestyle=looks[title].dashes, marker=".",
            )  # fmt: skip
        axis.axhline(_EQUAL[name], color="#7f7f7f", linestyle=":", linewidth=1.2)
        axis.set_xlabel("Step")
        axis.set_ylabel(label)
    axes[1].set_yscale("log")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=len(labels), borderaxespad=0.4)
    return figure
