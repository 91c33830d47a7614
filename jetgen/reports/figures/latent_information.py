"""How much each column of the latent code says about each observable."""

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
    """Mutual information ``(L, O)`` of columns, in the order of ``columns``, with observables."""
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
