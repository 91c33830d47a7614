"""Histograms with underflow and overflow bins, and errors that treat jets as independent."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from jetgen.metrics.weighted_quantiles import quantiles_of_sorted
from jetgen.physics.quantities import Values
from jetgen.weights import effective_size

Array = NDArray[np.float64]


class Binning(NamedTuple):
    """Edges of the bins, and whether the outermost are underflow and overflow bins."""

    edges: Array
    underflow: bool
    overflow: bool
    logarithmic: bool

    @property
    def widths(self) -> Array:
        """Widths of the bins, in decades if they are logarithmic."""
        return np.diff(np.log10(self.edges) if self.logarithmic else self.edges)

    @property
    def centres(self) -> Array:
        low, high = self.edges[:-1], self.edges[1:]
        return np.sqrt(low * high) if self.logarithmic else (low + high) / 2


class Density(NamedTuple):
    """Values per jet and per unit of the axis in each bin, and their statistical errors."""

    height: Array
    error: Array


def nice_width(width: float) -> float:
    """The smallest of 1, 2, 2.5, 4, 5 times a power of ten that is at least ``width``.

    >>> nice_width(4.3)
    5.0
    """
    power = 10 ** math.floor(math.log10(width))
    return next(
        step * power for step in (1.0, 2.0, 2.5, 4.0, 5.0, 10.0) if step * power >= width * 0.999
    )


LOGARITHMIC = ("ptrel", *(f"efp_{k}" for k in range(1, 6)))
"""Quantities over several decades, whose bins are equal on a logarithmic scale."""

_FEWEST_BINS, _MOST_BINS = 12, 100
_VALUES_PER_BIN = 15
"""Smallest mean number of values per bin, if there are more than the fewest bins."""

_MOST_WHOLE = 2.0**53
"""Numbers from here on are not looked at as whole ones: in double precision all of them are."""

_CENTRAL = (0.005, 0.995)


def whole_numbers(values: Array) -> bool:
    """Whether these are integers, which have bins about them."""
    return bool((values == np.round(values)).all() and np.abs(values).max() < _MOST_WHOLE)


def binning(
    real: Array, others: list[Array], *, name: str, weights: Array | None = None
) -> Binning:
    r"""Bins over the central 99 % of the real values, with a width for the narrowest peak.

    The width is :math:`4.24\,h\,n^{-1/3}` rounded up to 1, 2, 2.5, 4 or 5 times a power of ten,
    with h the length of the shortest interval that contains a quarter of the values and n their
    (effective) number. For a normal distribution this is the rule of Freedman and Diaconis; a
    narrow peak on a wide background, as of a mass, gets narrow bins. There are 12 to 100 bins, at
    most one per 15 values. If any sample has values beyond, an underflow or overflow bin is added.
    ``LOGARITHMIC`` quantities get logarithmic bins, integers bins centred on them, ``phi``
    (``phi_1``, ...) the full circle.

    Args:
        real: ``(M,)`` real values.
        others: the values of the samples.
        name: the name of the quantity.
        weights: ``(M,)`` weights of the real values; None if they are equal.

    Reference:
        On the histogram as a density estimator: L2 theory (Freedman, Diaconis, 1981).
    """
    if name.split("_")[0] == "phi" and np.abs(real).max() <= math.pi:
        return Binning(np.linspace(-math.pi, math.pi, 21), False, False, False)
    everything = [np.array([real.min(), real.max()]), *others]
    logarithmic = name in LOGARITHMIC and bool((real > 0).any())
    if logarithmic:
        weights = None if weights is None else weights[real > 0]
        real = np.log10(real[real > 0])
    if weights is None:
        real, size = np.sort(real), float(len(real))
    else:
        order = np.argsort(real)
        real, weights = real[order], weights[order]
        size = effective_size(torch.from_numpy(weights))
    low, high = quantiles_of_sorted(real, _CENTRAL, weights)
    whole = whole_numbers(real) and not logarithmic
    if whole and np.ptp(real) < _MOST_BINS:
        low, high, width = real.min(), real.max(), 1.0
    else:
        span = max(high - low, 1e-6 * max(1.0, abs(low)))
        most = np.clip(size / _VALUES_PER_BIN, _FEWEST_BINS, _MOST_BINS)
        rough = _PEAK_TO_WIDTH * shortest_quarter(real, weights) / size ** (1 / 3)
        width = nice_width(float(np.clip(rough, span / most, span / _FEWEST_BINS)))
    offset = 0.0
    if whole:
        width, offset = max(1.0, float(math.ceil(width))), -0.5
    first, last = math.floor((low - offset) / width), math.ceil((high - offset) / width)
    edges = offset + width * (float(first) + np.arange(max(last - first, 1) + 1))
    if logarithmic:
        with np.errstate(divide="ignore", invalid="ignore"):
            everything = [np.nan_to_num(np.log10(x), nan=-np.inf) for x in everything]
    nonempty = [x for x in everything if len(x)]
    underflow = min(x.min() for x in nonempty) < edges[0]
    overflow = max(x.max() for x in nonempty) >= edges[-1]
    if underflow:
        edges = np.concatenate([[edges[0] - width], edges])
    if overflow:
        edges = np.concatenate([edges, [edges[-1] + width]])
    return Binning(10**edges if logarithmic else edges, underflow, overflow, logarithmic)


_TOGETHER = 8_192
"""Jets whose values are counted together."""

_PEAK_TO_WIDTH = 4.24
"""For a normal distribution: twice the interquartile range over the shortest quarter."""


def shortest_quarter(values: Array, weights: Array | None) -> float:
    """Length of the shortest interval that holds a quarter of the weight of rising values.

    All have the same weight where ``weights`` are None.
    """
    if weights is None:
        further = math.ceil(len(values) * (0.25 - 1e-12)) - 1
        return float((values[further:] - values[: len(values) - further]).min())
    reached = np.cumsum(weights) / weights.sum()
    end = np.searchsorted(reached, np.concatenate([[0.0], reached[:-1]]) + 0.25 - 1e-12)
    inside = end < len(values)
    return float((values[end[inside]] - values[inside]).min())


def density(values: Values, jet_weights: torch.Tensor, bins: Binning) -> Density:
    r"""``(1/N) dN/dx`` as ``<n_b> / width_b``, with ``n_b`` the values of a jet in bin b.

    The error is that of the mean over jets, because the particles of a jet are not independent:
    ``sqrt(sum_j w_j^2 (n_jb - <n_b>)^2) / sum_j w_j``. For one value per jet it is the binomial
    error. The values of a jet follow those of the jets before it.
    """
    edges, number = bins.edges, len(bins.edges) - 1
    weights = jet_weights.double().numpy()
    jets, total = values.jet.numpy(), weights.sum()
    index = np.empty(len(jets), np.min_scalar_type(number))
    mean, square = np.zeros(number), np.zeros(number)
    pieces = []
    for start in range(0, len(weights), _TOGETHER):
        first, last = np.searchsorted(jets, [start, start + _TOGETHER])
        place = np.searchsorted(edges, values.values[first:last].numpy(), side="right") - 1
        index[first:last] = np.clip(place, 0, number - 1)
        mean = mean + np.bincount(index[first:last], weights[jets[first:last]], number)
        pieces.append((start, first, last))
    mean = mean / total
    for start, first, last in pieces:
        some = weights[start : start + _TOGETHER]
        places = (jets[first:last] - start) * number + index[first:last]
        counts = np.bincount(places, minlength=len(some) * number).reshape(-1, number)
        square += some**2 @ (counts - mean) ** 2
    return Density(mean / bins.widths, np.sqrt(square) / total / bins.widths)


def ratio(sample: Density, real: Density) -> Density:
    """Sample over real, with the error of the sample alone; NaN without real values."""
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
    """Relative error of the ratio of ``sample_jets`` other real jets to these real jets.

    Both sides have statistical errors that scale like one over the square root of their number of
    jets. Zero in bins without real values.
    """
    own = np.nan_to_num(ratio(real, real).error)
    return own * math.sqrt(1 + real_jets / sample_jets)
