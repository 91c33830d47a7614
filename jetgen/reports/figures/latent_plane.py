"""Codes in two dimensions, one point per jet, coloured by observables of the jets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from jetgen.physics.observable_values import ObservableValues
from jetgen.reports.style import INTENSITY, Line, grid, lines

_WIDTH = 2


def latent_plane(
    places: Tensor, labels: tuple[str, str], colours: Sequence[ObservableValues]
) -> Figure:
    """One panel per colouring of the points ``(B, 2)``."""
    rows = -(-len(colours) // _WIDTH)
    figure, spec = grid(
        rows, min(_WIDTH, len(colours)), panel=(4.0, 3.6), margins=(0.85, 1.2, 0.65, 0.2),
        gaps=(1.9, 0.75),
    )  # fmt: skip
    axes = list(spec.subplots(squeeze=False).flat)
    for axis, colour in zip(axes, colours, strict=False):
        scatter(axis, places, colour)
        colour_key(axis, colour)
        axis.set_xlabel(labels[0])
        axis.set_ylabel(labels[1])
    for axis in axes[len(colours) :]:
        axis.set_visible(False)
    return figure


def scatter(axis: Axes, places: Tensor, colour: ObservableValues, size: float = 7) -> None:
    """Points ``(B, 2)``, coloured."""
    x, y = places.double().numpy().T
    values = colour.values.double().numpy()
    if colour.discrete:
        looks = _class_looks(colour)
        shades = np.array([look.colour for look in looks.values()])
        points = shades[np.searchsorted(np.unique(values), values)]
        axis.scatter(x, y, c=points, s=size, linewidths=0, alpha=0.6, rasterized=True)
    else:
        axis.scatter(
            x, y, c=values, cmap=INTENSITY, norm=_scale(colour), s=size, linewidths=0,
            rasterized=True,
        )  # fmt: skip


def colour_key(axis: Axes, colour: ObservableValues, fontsize: float = 12) -> None:
    """Draw the colour bar or legend on the right of a panel."""
    if colour.discrete:
        handles = [
            Line2D([], [], marker="o", linestyle="", color=look.colour, label=name)
            for name, look in _class_looks(colour).items()
        ]
        axis.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=fontsize,
            borderaxespad=0.2, handletextpad=0.1, handlelength=1.0,
        )  # fmt: skip
        return
    place = axis.inset_axes((1.04, 0, 0.05, 1))
    bar = axis.figure.colorbar(ScalarMappable(_scale(colour), INTENSITY), cax=place, extend="both")
    bar.set_label(colour.observable.label, fontsize=fontsize)


def _class_looks(colour: ObservableValues) -> dict[str, Line]:
    assert colour.name_class is not None, "only classes have looks"
    return lines([colour.name_class(int(kind)) for kind in colour.values.unique()])


def _scale(colour: ObservableValues) -> Normalize:
    return Normalize(*np.quantile(colour.values.double().numpy(), [0.02, 0.98]))
