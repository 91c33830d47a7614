"""Average jet images, and their ratio to the real one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from jetgen.physics.images import average_jet_image
from jetgen.physics.observables import Measured
from jetgen.reports.style import INTENSITY, RATIO, grid

HALF_WIDTH = 0.8
_DECADES = 5.0
_TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)


def jet_images(real: Measured, samples: Mapping[str, Measured]) -> Figure:
    """Above the average image of each sample on one colour scale, below its ratio to real."""
    images = {
        name: average_jet_image(jets.relative, half_width=HALF_WIDTH).numpy()
        for name, jets in {"real": real, **samples}.items()
    }
    columns = len(images)
    figure, spec = grid(
        2, columns, panel=(2.6, 2.6), margins=(0.75, 1.25, 0.6, 0.4), gaps=(0.2, 0.25)
    )
    axes = spec.subplots(sharex=True, sharey=True, squeeze=False)
    top = images["real"].max()
    shades, ratios = LogNorm(top * 10**-_DECADES, top), LogNorm(_TICKS[0], _TICKS[-1])
    expected = _coarse(images["real"])
    for column, (name, image) in enumerate(images.items()):
        shown = _show(axes[0, column], np.maximum(image, top * 10**-_DECADES), shades, INTENSITY)
        axes[0, column].set_title(name)
        found = _coarse(image)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = found / expected  # infinite where only the real image is empty
        divided = _show(axes[1, column], np.clip(relative, _TICKS[0], _TICKS[-1]), ratios, RATIO)
        axes[1, column].set_facecolor("#c4c4c4")
        axes[1, column].set_xlabel(r"$\eta^\mathrm{rel}$")
    axes[1, 0].set_visible(False)
    axes[1, 1].tick_params(labelleft=True)
    for axis in (axes[0, 0], axes[1, 1]):
        axis.set_ylabel(r"$\phi^\mathrm{rel}$ [rad]")
    for image_of_row, axis, label in (
        (shown, axes[0, -1], r"Mean share of jet $p_\mathrm{T}$ per pixel"),
        (divided, axes[1, -1], "Ratio to real"),
    ):
        bar = figure.colorbar(image_of_row, cax=axis.inset_axes((1.06, 0, 0.06, 1)))
        bar.set_label(label)
    bar.ax.yaxis.set_major_locator(FixedLocator(_TICKS))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    return figure


def _coarse(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over 2 x 2 pixels: ratios of sparse pixels are mostly noise."""
    half = len(image) // 2
    return image.reshape(half, 2, half, 2).sum((1, 3))


def _show(
    axes: Axes, image: NDArray[np.float64], norm: LogNorm, colours: str | Colormap
) -> AxesImage:
    axes.set_aspect("equal")
    return axes.imshow(
        image.T, origin="lower", norm=norm, cmap=colours,
        extent=(-HALF_WIDTH, HALF_WIDTH, -HALF_WIDTH, HALF_WIDTH), interpolation="nearest",
    )  # fmt: skip
