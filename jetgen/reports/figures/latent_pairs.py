"""Every pair of latent dimensions, one point per jet."""

from __future__ import annotations

from matplotlib.figure import Figure

from jetgen.metrics.latent import LatentSpace
from jetgen.physics.observable_values import ObservableValues
from jetgen.reports.figures.latent_plane import colour_key, scatter
from jetgen.reports.style import REAL, grid

_MOST = 1500


def latent_pairs(latent: LatentSpace, columns: list[int], colour: ObservableValues) -> Figure:
    """Scatter plots of pairs of latent ``columns``; on the diagonal their distributions."""
    size = len(columns)
    figure, spec = grid(
        size, size, panel=(1.45, 1.45), margins=(0.75, 1.0, 0.6, 0.15), gaps=(0.1, 0.1)
    )
    axes = spec.subplots(squeeze=False, sharex="col")
    codes = latent.mean[:_MOST]
    few = colour[slice(_MOST)]
    for row, y in enumerate(columns):
        for column, x in enumerate(columns):
            axis = axes[row, column]
            if column > row:
                axis.set_visible(False)
                continue
            if column == row:
                axis.hist(codes[:, x].numpy(), bins=30, color=REAL, alpha=0.3)
                axis.set_yticks([])
            else:
                scatter(axis, codes[:, [x, y]], few, size=3)
            axis.tick_params(labelsize=8, labelleft=column == 0 and row > 0)
            if row == size - 1:
                axis.set_xlabel(f"$z_{{{x + 1}}}$")
            if column == 0 and row > 0:
                axis.set_ylabel(f"$z_{{{y + 1}}}$")
    colour_key(axes[0, 0], few, fontsize=9)
    return figure
