"""Which column of the latent code knows which observable."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure

from jetgen.evaluation.latent import LatentSpace, order, rank_correlation
from jetgen.evaluation.quantities import SUBSTRUCTURE
from jetgen.physics.observables import JET_OBSERVABLES, Measured
from jetgen.reports.style import DIVERGING, grid

_MOST = 32


def latent_correlations(latent: LatentSpace, real: Measured) -> Figure:
    """Rank correlations, a row an observable and a column a latent one, the most active first."""
    known = (*JET_OBSERVABLES, *(quantity.observable for quantity in SUBSTRUCTURE))
    shown = [observable for observable in known if observable.name in real.observables]
    columns = order(latent)[:_MOST]
    values = torch.stack([real.observables[o.name] for o in shown], dim=1)
    found = rank_correlation(latent.mean[:, columns], values).T.numpy()
    figure, spec = grid(
        1, 1, panel=(max(3.0, 0.42 * len(columns)), 0.36 * len(shown)),
        margins=(2.3, 1.2, 0.65, 0.15), gaps=(0.1, 0.1),
    )  # fmt: skip
    axis = figure.add_subplot(spec[0])
    image = axis.imshow(found, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
    axis.set_facecolor("#c4c4c4")
    axis.set_xticks(np.arange(len(columns)), [str(c + 1) for c in columns.tolist()])
    axis.set_yticks(np.arange(len(shown)), [o.title for o in shown])
    axis.tick_params(which="both", length=0)
    axis.set_xlabel("Column of the code")
    bar = figure.colorbar(image, cax=axis.inset_axes((1.02, 0, 0.025, 1)))
    bar.set_label("Rank correlation")
    for (row, column), number in np.ndenumerate(found):
        if abs(number) >= 0.2:
            axis.text(
                column, row, f"{number:.1f}".replace("0.", "."), ha="center", va="center",
                fontsize=8, color="white" if abs(number) > 0.6 else "black",
            )  # fmt: skip
    return figure
