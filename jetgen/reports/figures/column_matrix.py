"""A matrix of values for each latent dimension and observable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from torch import Tensor

from jetgen.physics.features import plain_symbol
from jetgen.reports.style import grid


def column_matrix(
    values: Tensor,
    columns: Sequence[int],
    titles: Sequence[str],
    label: str,
    colours: str | Colormap,
    limits: tuple[float, float],
    light: bool = False,
) -> Figure:
    """One row per observable, one column per latent dimension; large values are printed.

    Args:
        values: ``(L, O)``; NaN is grey.
        columns: the indices of the ``L`` latent dimensions.
        titles: the titles of the ``O`` observables.
        label: the meaning of the values.
        colours, limits: the colour map, and the values at its ends.
        light: whether large values have light colours.
    """
    found = values.T.numpy()
    figure, spec = grid(
        1, 1, panel=(max(3.0, 0.42 * len(columns)), 0.36 * len(titles)),
        margins=(2.3, 1.2, 0.65, 0.15), gaps=(0.1, 0.1),
    )  # fmt: skip
    axis = figure.add_subplot(spec[0])
    image = axis.imshow(found, cmap=colours, vmin=limits[0], vmax=limits[1], aspect="auto")
    axis.set_facecolor("#c4c4c4")
    axis.set_xticks(np.arange(len(columns)), [str(c + 1) for c in columns])
    axis.set_yticks(np.arange(len(titles)), [plain_symbol(title) for title in titles])
    axis.tick_params(which="both", length=0)
    axis.set_xlabel("Latent dimension")
    bar = figure.colorbar(image, cax=axis.inset_axes((1.02, 0, 0.025, 1)))
    bar.set_label(label)
    for (row, column), number in np.ndenumerate(found):
        share = abs(number) / limits[1]
        if share >= 0.2:
            axis.text(
                column, row, f"{number:.1f}".replace("0.", "."), ha="center", va="center",
                fontsize=8, color="white" if (share > 0.6) != light else "black",
            )  # fmt: skip
    return figure
