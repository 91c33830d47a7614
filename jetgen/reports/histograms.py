"""Binned distributions with visible overflow and errors that know which values share a jet."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from jetgen.metrics.weighted_quantiles import effective_size, weighted_quantiles
from jetgen.physics.quantities import Values

Array = NDArray[np.float64]


class Binning(NamedTuple):
    """Edges of the bins that are drawn; the outermost hold what lies beyond where marked."""

    edges: Array
    underflow: bool
    overflow: bool
    logarithmic: bool


class Density(NamedTuple):
    """Values a jet and unit of the axis in each bin, and the statistical error of each."""

    height: Array
    error: Array


def nice_width(span: float, bins: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that covers ``span`` in ``bins`` steps.

    >>> nice_width(130.0, 30)
    5.0
    """
    rough = span / bins
    power = 10 ** math.floor(math.log10(rough))
    return next(
        step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= rough * 0.999
    )


def binning(
    real: Array, others: list[Array], *, name: str, weights: Array | None = None
) -> Binning:
    """Bins from the real values: the central 99 % of their weight in bins of a round width.

    Where any sample has values beyond, one more bin on that side collects them. ``ptrel`` gets
    logarithmic bins, whole numbers bins about them, ``phi`` (``phi_1``, ...) the full circle.

    Args:
        real: ``(M,)`` real values.
        others: those of the samples.
        name: of the quantity.
        weights: ``(M,)`` of the real values, ones when omitted.
    """
    weights = np.ones(len(real)) if weights is None else weights
    if name.split("_")[0] == "phi" and np.abs(real).max() <= math.pi:
        return Binning(np.linspace(-math.pi, math.pi, 21), False, False, False)
    logarithmic = name == "ptrel"
    if logarithmic:
        real, weights = np.log10(real[real > 0]), weights[real > 0]
    low, high = weighted_quantiles(real, (0.005, 0.995), weights)
    bins = int(np.clip(2 * effective_size(weights) ** (1 / 3), 12, 36))
    width = nice_width(max(high - low, 1e-6 * max(1.0, abs(low))), bins)
    offset = 0.0
    if bool((real == np.round(real)).all()):
        if np.ptp(real) < bins:
            low, high, width = real.min(), real.max(), 1.0
        width, offset = max(1.0, math.ceil(width)), -0.5
    first, last = math.floor((low - offset) / width), math.ceil((high - offset) / width)
    edges = offset + width * np.arange(first, last + 1)
    everything = [real, *(np.log10(x[x > 0]) if logarithmic else x for x in others)]
    nonempty = [x for x in everything if len(x)]
    underflow = min(x.min() for x in nonempty) < edges[0]
    overflow = max(x.max() for x in nonempty) >= edges[-1]
    if underflow:
        edges = np.concatenate([[edges[0] - width], edges])
    if overflow:
        edges = np.concatenate([edges, [edges[-1] + width]])
    return Binning(10**edges if logarithmic else edges, underflow, overflow, logarithmic)


def density(values: Values, jet_weights: torch.Tensor, bins: Binning) -> Density:
    r"""``<n_b> / width_b``, with ``n_b`` the values of a jet that fall into bin b.

    The error is that of the mean over jets, so that particles of a jet, which come together,
    do not pass for independent: ``sqrt(sum_j w_j^2 (n_jb - <n_b>)^2) / sum_j w_j``. For one
    value a jet it is the binomial error.
    """
    edges, number = bins.edges, len(bins.edges) - 1
    weights = jet_weights.double().numpy()
    index = np.clip(np.searchsorted(edges, values.values.numpy(), side="right") - 1, 0, number - 1)
    jets, bin_of = values.jet.numpy(), index
    counts = np.bincount(jets * number + bin_of, minlength=len(weights) * number)
    table = counts.reshape(len(weights), number).astype(np.float64)
    total = weights.sum()
    mean = weights @ table / total
    error = np.sqrt((weights**2) @ (table - mean) ** 2) / total
    width = np.diff(edges)
    return Density(mean / width, error / width)


def ratio(sample: Density, real: Density) -> Density:
    """Sample over real with the sample's own error; NaN where there are no real values."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = sample.height > 0
        height = np.where(real.height > 0, sample.height / real.height, np.nan)
        error = np.where((real.height > 0) & found, sample.error / real.height, np.nan)
    return Density(height, error)


def pull(sample: Density, real: Density) -> Array:
    """``(sample - real) / sqrt(error_sample^2 + error_real^2)``; NaN where neither has values."""
    error = np.hypot(sample.error, real.error)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, (sample.height - real.height) / error, np.nan)


def floor_band(real: Density, real_jets: int, sample_jets: int) -> Array:
    """Relative error of the ratio of another ``sample_jets`` real jets to these real ones.

    Both sides have statistical errors, each like one over the square root of its jets. Zero
    where there are no real values.
    """
    own = np.nan_to_num(ratio(real, real).error)
    return own * math.sqrt(1 + real_jets / sample_jets)
