"""Average jet images, and how they differ from the real one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from jetgen.physics.images import average_jet_image
from jetgen.physics.observables import MeasuredSets
from jetgen.reports.style import DIVERGING, INTENSITY, grid

HALF_WIDTH = 0.8
_DECADES = 5.0
_TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)
_LINEAR = 1e-4
"""Differences below this share of a jet's pT are on a linear scale."""


def jet_images(real: MeasuredSets, samples: Mapping[str, MeasuredSets]) -> Figure:
    """The average image of each sample, below it its ratio to real and its difference."""
    images = {
        name: average_jet_image(jets.relative, half_width=HALF_WIDTH).numpy()
        for name, jets in {"real": real, **samples}.items()
    }
    expected = images["real"]
    figure, spec = grid(
        3, len(images), panel=(2.6, 2.6), margins=(0.75, 1.25, 0.6, 0.4), gaps=(0.2, 0.2)
    )
    axes = spec.subplots(sharex=True, sharey=True, squeeze=False)
    top = expected.max()
    least = top * 10**-_DECADES
    widest = max(_LINEAR, *(np.abs(image - expected).max() for image in images.values()))
    scales = (
        LogNorm(least, top),
        LogNorm(_TICKS[0], _TICKS[-1]),
        SymLogNorm(_LINEAR, vmin=-widest, vmax=widest),
    )
    for column, (name, image) in enumerate(images.items()):
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel(r"$\eta^\mathrm{rel}$")
        shown = [_show(axes[0, column], np.maximum(image, least), scales[0], INTENSITY)]
        if name == "real":
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = image / expected  # infinite where only the real image is empty
        shown += [
            _show(axes[1, column], np.clip(relative, _TICKS[0], _TICKS[-1]), scales[1], DIVERGING),
            _show(axes[2, column], image - expected, scales[2], DIVERGING),
        ]
        axes[1, column].set_facecolor("#c4c4c4")
    for axis in axes[1:, 0]:
        axis.set_visible(False)
    axes[0, 0].set_xlabel(r"$\eta^\mathrm{rel}$", loc="center")
    axes[0, 0].tick_params(labelbottom=True)
    for axis in axes[1:, 1]:
        axis.tick_params(labelleft=True)
    for axis in (axes[0, 0], axes[1, 1], axes[2, 1]):
        axis.set_ylabel(r"$\phi^\mathrm{rel}$ [rad]")
    labels = (r"Mean share of jet $p_\mathrm{T}$", "Ratio to real", "Difference from real")
    bars = []
    for image_of_row, axis, label in zip(shown, axes[:, -1], labels, strict=True):
        bars.append(figure.colorbar(image_of_row, cax=axis.inset_axes((1.06, 0, 0.06, 1))))
        bars[-1].set_label(label)
    bars[1].ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    powers = _LINEAR * 10.0 ** np.arange(math.floor(math.log10(widest / _LINEAR)) + 1)
    for bar, ticks in ((bars[1], _TICKS), (bars[2], [*-powers, 0, *powers])):
        bar.ax.yaxis.set_major_locator(FixedLocator(ticks))
        bar.ax.yaxis.set_minor_locator(NullLocator())
    return figure


def _show(
    axes: Axes, image: NDArray[np.float64], norm: Normalize, colours: str | Colormap
) -> AxesImage:
    axes.set_aspect("equal")
    return axes.imshow(
        image.T, origin="lower", norm=norm, cmap=colours,
        extent=(-HALF_WIDTH, HALF_WIDTH, -HALF_WIDTH, HALF_WIDTH), interpolation="nearest",
    )  # fmt: skip
