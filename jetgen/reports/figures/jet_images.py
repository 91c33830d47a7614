"""Average jet images of samples, and their ratios to and differences from the simulated one."""

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

from jetgen.cloud import RELATIVE, Feature
from jetgen.physics.images import average_jet_image
from jetgen.physics.observables import MeasuredSets
from jetgen.reports.style import DIVERGING, INTENSITY, grid, shortened
from jetgen.weights import effective_size

HALF_WIDTH = 0.8
PIXELS = 100
"""Number of pixels along each axis, of samples that fill them."""

FEWEST_PARTICLES = 5
"""Smallest expected number of particles, in the smaller sample, of a pixel whose ratio is shown."""

_DECADES = 5.0
_TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)
_LINEAR = 1e-4
"""Differences below this share of the jet pT are on a linear scale."""


def jet_images(
    real: MeasuredSets, samples: Mapping[str, MeasuredSets], reference: str = "simulated"
) -> Figure:
    """One row per sample: the simulated image, the sample's, their ratio and difference.

    The images of small samples have fewer pixels, 2 √n of n jets along each axis. The ratio is
    shown where the smaller one of the two samples is expected to have enough particles.
    """
    sizes = {name: effective_size(jets.weights) for name, jets in samples.items()}
    size = effective_size(real.weights)
    pixels = min(PIXELS, math.ceil(2 * math.sqrt(min(size, *sizes.values()))))
    expected, filled = _images(real, pixels)
    images, enough = {}, {}
    for name, jets in samples.items():
        images[name], number = _images(jets, pixels)
        enough[name] = min(size, sizes[name]) * (filled + number) / 2 >= FEWEST_PARTICLES
    figure, spec = grid(
        len(images), 4, panel=(2.5, 2.5), margins=(0.75, 0.2, 1.3, 0.4), gaps=(0.25, 0.45)
    )
    axes = spec.subplots(sharex=True, sharey=True, squeeze=False)
    top = expected.max()
    least = top * 10**-_DECADES
    widest = max(_LINEAR, *(np.abs(image - expected).max() for image in images.values()))
    shades = LogNorm(least, top)
    relative_shades = LogNorm(_TICKS[0], _TICKS[-1])
    difference_shades = SymLogNorm(_LINEAR, vmin=-widest, vmax=widest)
    for row, (name, image) in zip(axes, images.items(), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            # infinite where only the simulated image is empty, NaN where nothing is shown
            relative = np.where(enough[name], image / expected, np.nan)
        shown = (
            _show(row[0], np.maximum(expected, least), shades, INTENSITY),
            _show(row[1], np.maximum(image, least), shades, INTENSITY),
            _show(row[2], np.clip(relative, _TICKS[0], _TICKS[-1]), relative_shades, DIVERGING),
            _show(row[3], image - expected, difference_shades, DIVERGING),
        )
        row[2].set_facecolor("#c4c4c4")
        row[0].set_ylabel(r"$\phi^\mathrm{rel}$ [rad]")
        for axis, title in zip(
            row, (reference, shortened(name), "ratio", "difference"), strict=True
        ):
            axis.set_title(title, fontsize=11)
    for axis in axes[-1]:
        axis.set_xlabel(r"$\eta^\mathrm{rel}$")
    labels = (
        *2 * (r"Mean share of jet $p_\mathrm{T}$",), f"Ratio to {reference}",
        f"Difference from {reference}",
    )  # fmt: skip
    bars = []
    for image_of_column, axis, label in zip(shown, axes[-1], labels, strict=True):
        place = axis.inset_axes((0, -0.3, 1, 0.05))
        bars.append(figure.colorbar(image_of_column, cax=place, orientation="horizontal"))
        bars[-1].set_label(label, fontsize=10)
        bars[-1].ax.tick_params(labelsize=8.5)
        bars[-1].ax.xaxis.set_minor_locator(NullLocator())
    bars[2].ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    largest = _LINEAR * 10.0 ** math.floor(math.log10(widest / _LINEAR))
    for bar, ticks in ((bars[2], _TICKS), (bars[3], [-largest, 0, largest])):
        bar.ax.xaxis.set_major_locator(FixedLocator(ticks))
    return figure


def _images(jets: MeasuredSets, pixels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean share of pT, and the mean number of particles per jet, in each pixel."""
    shares, numbers = np.zeros((2, pixels, pixels))
    for piece in jets.pieces():
        cloud, weight = piece.relative, float(piece.weights.sum())
        if not weight:
            continue
        counted = cloud.particles.clone()
        counted[..., RELATIVE.index(Feature("ptrel"))] = 1.0
        for total, some in ((shares, cloud), (numbers, cloud.replace(particles=counted))):
            total += weight * average_jet_image(some, pixels, HALF_WIDTH).numpy()
    return shares / float(jets.weights.sum()), numbers / float(jets.weights.sum())


def _show(
    axes: Axes, image: NDArray[np.float64], norm: Normalize, colours: str | Colormap
) -> AxesImage:
    axes.set_aspect("equal")
    return axes.imshow(
        image.T, origin="lower", norm=norm, cmap=colours,
        extent=(-HALF_WIDTH, HALF_WIDTH, -HALF_WIDTH, HALF_WIDTH), interpolation="nearest",
    )  # fmt: skip
