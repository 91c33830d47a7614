"""The codes of several models in two dimensions, coloured by observables of the jets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from jetgen.physics.observable_values import ObservableValues
from jetgen.reports.figures.latent_plane import colour_key, scatter
from jetgen.reports.style import grid


def latent_views(places: Mapping[str, Tensor], colours: Sequence[ObservableValues]) -> Figure:
    """One row per colouring, one column per model with its points ``(B, 2)``."""
    figure, spec = grid(
        len(colours), len(places), panel=(2.4, 2.4), margins=(0.45, 1.25, 0.3, 0.4),
        gaps=(0.35, 0.35),
    )  # fmt: skip
    axes = spec.subplots(squeeze=False)
    for row, colour in zip(axes, colours, strict=True):
        for axis, points in zip(row, places.values(), strict=True):
            scatter(axis, points, colour, size=4)
            axis.tick_params(labelsize=8)
        colour_key(row[-1], colour)
    for axis, name in zip(axes[0], places, strict=True):
        axis.set_title(name, fontsize=12)
    return figure
