"""Two-dimensional distributions of pairs of observables, simulated sets and samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from jetgen.metrics.pair_histograms import (
    equal_share_edges,
    histogram_distance,
    pair_histogram,
)
from jetgen.metrics.weighted_quantiles import weighted_quantiles
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.reports.histograms import whole_numbers
from jetgen.reports.style import INTENSITY, grid, shortened
from jetgen.weights import effective_size

_BINS = 24
_WIDTH = 5
"""Largest number of panels per row."""


def pair_planes(
    real: MeasuredSets,
    samples: Mapping[str, MeasuredSets],
    pairs: Sequence[tuple[Observable, Observable]],
    reference: str = "simulated",
) -> Figure:
    """One row of panels per pair, one panel per sample: share of jets per bin, distance above.

    With more than four samples, a pair has several rows.
    """
    kinds = {reference: real, **samples}
    height = math.ceil(len(kinds) / _WIDTH)
    width = math.ceil(len(kinds) / height)
    figure, spec = grid(
        height * len(pairs), width, panel=(2.5, 2.2), margins=(0.85, 1.15, 0.6, 0.55),
        gaps=(0.35, 1.0),
    )  # fmt: skip
    every = spec.subplots(squeeze=False).reshape(len(pairs), height * width)
    for axes, (x, y) in zip(every, pairs, strict=True):
        edges = [_edges(real, observable) for observable in (x, y)]
        images = {name: _histogram(jets, x, y, edges) for name, jets in kinds.items()}
        top = images[reference].max().item()
        shades = LogNorm(top / 300, top)
        for place, (axis, (name, image)) in enumerate(zip(axes, images.items(), strict=False)):
            shown = axis.pcolormesh(
                *(edge.numpy() for edge in edges),
                image.T.clamp(min=shades.vmin).numpy(),
                norm=shades, cmap=INTENSITY, rasterized=True,
            )  # fmt: skip
            axis.set_xlabel(x.label)
            axis.set_xlim(*edges[0][[0, -1]].tolist())
            axis.set_ylim(*edges[1][[0, -1]].tolist())
            title = shortened(name)
            if name != reference:
                title += "\n{:.3f} (floor {:.3f})".format(*_distance(real, kinds[name], x, y))
            axis.set_title(title, fontsize=10)
            axis.tick_params(labelleft=place % width == 0, labelsize=10)
            whole = [bool((edge % 1 == 0.5).all()) for edge in edges]  # bins about whole numbers
            axis.xaxis.set_major_locator(MaxNLocator(4, integer=whole[0]))
            if whole[1]:
                axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
            if place % width == 0:
                axis.set_ylabel(y.label)
        for axis in axes[len(images) :]:
            axis.set_visible(False)
        bar = figure.colorbar(shown, cax=axes[width - 1].inset_axes((1.06, 0, 0.06, 1)))
        bar.set_label(f"Share of {real.kind.noun.many}")
    return figure


def _edges(real: MeasuredSets, observable: Observable) -> Tensor:
    """Equal bins over the central 99 % of the real jets; the outermost include the rest.

    Bins of whole numbers are centred on them.
    """
    values = real.observables[observable.name].double().numpy()
    low, high = weighted_quantiles(values, (0.005, 0.995), real.frame.weights.double().numpy())
    if whole_numbers(values):
        low, high = math.floor(low), math.ceil(high)
        width = math.ceil((high - low + 1) / _BINS)
        bins = math.ceil((high - low + 1) / width)
        return low - 0.5 + width * torch.arange(bins + 1, dtype=torch.float64)
    return torch.from_numpy(np.linspace(low, max(high, low + 1e-6 * max(1.0, abs(low))), _BINS + 1))


def _histogram(jets: MeasuredSets, x: Observable, y: Observable, edges: list[Tensor]) -> Tensor:
    first, second = (jets.observables[observable.name] for observable in (x, y))
    return pair_histogram(first, second, edges[0], edges[1], jets.frame.weights)


def _distance(
    real: MeasuredSets, jets: MeasuredSets, x: Observable, y: Observable
) -> tuple[float, float]:
    """The distance in bins of equal real shares, and its mean for samples of one distribution.

    Each of the K filled bins adds (1/n + 1/m) / 4, with the effective sizes n and m.
    """
    weights = real.frame.weights
    edges = [equal_share_edges(real.observables[o.name], weights=weights) for o in (x, y)]
    first, second = (_histogram(kind, x, y, edges).flatten() for kind in (real, jets))
    filled = int((first + second > 0).sum())
    sizes = [effective_size(side.frame.weights) for side in (real, jets)]
    floor = filled / 4 * sum(1 / size for size in sizes)
    return histogram_distance(first, second).item(), floor
