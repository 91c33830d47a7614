"""Rank correlations of latent dimensions and observables."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure

from jetgen.metrics.latent import LatentSpace, order, rank_correlation
from jetgen.physics.observable_values import ObservableValues
from jetgen.reports.figures.column_matrix import column_matrix
from jetgen.reports.style import DIVERGING

_MOST = 32


def latent_correlations(latent: LatentSpace, observed: Sequence[ObservableValues]) -> Figure:
    """Rank correlations: one row per observable, one column per latent dimension by activity."""
    columns = order(latent)[:_MOST]
    values = torch.stack([known.values.double() for known in observed], dim=1)
    return column_matrix(
        rank_correlation(latent.mean[:, columns], values),
        columns.tolist(),
        [known.observable.title for known in observed],
        "Rank correlation",
        DIVERGING,
        (-1.0, 1.0),
    )
