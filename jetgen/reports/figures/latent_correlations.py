"""Which column of the latent code rises or falls with which observable."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure

from jetgen.evaluation.latent import LatentSpace, order, rank_correlation
from jetgen.evaluation.quantities import SUBSTRUCTURE
from jetgen.physics.observables import JET_OBSERVABLES, Measured
from jetgen.reports.figures.column_matrix import column_matrix
from jetgen.reports.style import DIVERGING

_MOST = 32


def latent_correlations(latent: LatentSpace, real: Measured) -> Figure:
    """Rank correlations, a row an observable and a column a latent one, the most active first."""
    known = (*JET_OBSERVABLES, *(quantity.observable for quantity in SUBSTRUCTURE))
    shown = [observable for observable in known if observable.name in real.observables]
    columns = order(latent)[:_MOST]
    values = torch.stack([real.observables[o.name] for o in shown], dim=1)
    return column_matrix(
        rank_correlation(latent.mean[:, columns], values),
        columns.tolist(),
        [o.title for o in shown],
        "Rank correlation",
        DIVERGING,
        (-1.0, 1.0),
    )
