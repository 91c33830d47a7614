"""The ROC curve of a classifier, and the distributions of its score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jetgen.classifiers.figure_of_merit import FigureOfMerit
from jetgen.reports.style import REAL, Legend, Line, grid, shortened


def classifier_scores(
    merits: Mapping[str, FigureOfMerit],
    looks: Mapping[str, Line],
    reference: str = "simulated",
    many: str = "jets",
) -> Figure:
    """ROC curves left, distributions of the score right: samples solid, target dotted.

    The word for several sets is ``many``.
    """
    handles = [
        Line2D(
            [], [], color=looks[name].colour, linestyle=looks[name].dashes,
            label=f"{shortened(name)}: AUC {merit.auc:.3f} ± {merit.auc_error:.3f}",
        )
        for name, merit in merits.items()
    ]  # fmt: skip
    handles.append(
        Line2D([], [], color=REAL, linestyle=":", label=f"{reference} (right, one line per sample)")
    )
    panel, gap = (3.9, 3.3), (0.9, 0.5)
    legend = Legend(handles, 2 * panel[0] + gap[0] + 1.0)
    figure, spec = grid(
        1, 2, panel=panel, margins=(0.85, 0.15, 0.65, legend.height + 0.3), gaps=gap
    )
    left, right = spec.subplots(squeeze=False)[0]
    for name, merit in merits.items():
        look = looks[name]
        real, generated = np.array(merit.roc).T
        left.plot(real, generated, color=look.colour, linestyle=look.dashes)
        edges, target, sample = (np.array(values) for values in merit.scores)
        widths = np.diff(edges)
        right.stairs(target / widths, edges, color=look.colour, linestyle=":", linewidth=1.2)
        right.stairs(sample / widths, edges, color=look.colour)
    left.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    left.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    left.set_xlabel(f"Share of {reference} {many} above a cut")
    left.set_ylabel("Share of the sample above it")
    right.set_xlabel(f"Score, larger for generated {many}")
    right.set_ylabel("(1/N) dN/d(score)")
    right.set_ylim(bottom=0)
    right.margins(x=0.04)
    legend.draw(figure)
    return figure
