"""Mutual information of latent dimensions and observables."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from jetgen.physics.observables import Observable
from jetgen.reports.figures.column_matrix import column_matrix
from jetgen.reports.style import INTENSITY

_MOST = 32


def latent_information(
    information: Tensor, columns: Tensor, observables: Sequence[Observable]
) -> Figure:
    """Mutual information ``(L, O)`` of latent dimensions, in this order, with observables."""
    shown = columns[:_MOST]
    largest = max(0.1, information.max().item())
    return column_matrix(
        information[shown],
        shown.tolist(),
        [observable.title for observable in observables],
        "Mutual information [nats]",
        INTENSITY,
        (0.0, largest),
        light=True,
    )
