"""Position and width of a peak without a fit, and their changes with bootstrap errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.errors import InputError
from jetgen.metrics.peak_fits import Shift
from jetgen.metrics.weighted_quantiles import weighted_quantiles

SUMMARIES = ("median", "width", "share")
"""The numbers of :func:`peak_summary`."""

_LEVELS = (0.16, 0.5, 0.84)

Values = NDArray[np.float64]


def peak_summary(
    masses: ArrayLike, window: tuple[float, float], *, weights: ArrayLike | None = None
) -> dict[str, float]:
    r"""Median, half width of the central 68 %, and share of the masses in a window.

    .. math:: \mathrm{width} = (q_{84} - q_{16}) / 2

    with quantiles of the masses in the window; for a Gaussian peak they are its mean and its
    standard deviation. No shape is assumed, so that the numbers describe any peak.

    Args:
        masses: ``(n,)`` in GeV.
        window: the range of masses.
        weights: ``(n,)`` event weights; ones when omitted.

    Returns:
        ``median`` and ``width`` in GeV, ``share`` of the weight in the window.

    Raises:
        InputError: for an empty window, or no weight in it.
    """
    values, own = _checked(masses, window, weights)
    return _summary(values, own, window)


def summary_shifts(
    before: ArrayLike,
    after: ArrayLike,
    window: tuple[float, float],
    replicas: int = 200,
    seed: int = 1,
    *,
    weights: ArrayLike | None = None,
    weights_after: ArrayLike | None = None,
    paired: bool = True,
) -> dict[str, Shift]:
    """Changes of :func:`peak_summary` from ``before`` to ``after``, with bootstrap errors.

    Args:
        before: masses ``(n,)``.
        after: masses ``(m,)``.
        window: the range of masses.
        replicas: number of bootstrap replicas.
        seed: seed of the replicas.
        weights: ``(n,)`` event weights; ones when omitted.
        weights_after: ``(m,)``; those of ``before`` for pairs, ones for others, when omitted.
        paired: whether both are the same jets in the same order (then n = m), which fluctuate
            together: pairs are drawn, and not two independent samples.

    Raises:
        InputError: for an empty window, no masses in it, or pairs of different numbers.
    """
    first, own = _checked(before, window, weights)
    given = weights if weights_after is None and paired else weights_after
    second, other = _checked(after, window, given)
    if paired and len(first) != len(second):
        raise InputError(
            f"masses: expected the same jets twice, received {len(first)} and {len(second)}"
        )
    generator = np.random.default_rng(seed)
    changes = []
    for _ in range(replicas):
        counts = _drawn(generator, len(first))
        again = counts if paired else _drawn(generator, len(second))
        pair = _summary(first, own * counts, window), _summary(second, other * again, window)
        changes.append([pair[1][name] - pair[0][name] for name in SUMMARIES])
    errors = np.std(np.array(changes), axis=0, ddof=1)
    centre = _summary(first, own, window), _summary(second, other, window)
    return {
        name: Shift(centre[1][name] - centre[0][name], float(error))
        for name, error in zip(SUMMARIES, errors, strict=True)
    }


def _checked(
    masses: ArrayLike, window: tuple[float, float], weights: ArrayLike | None
) -> tuple[Values, Values]:
    """Masses and weights as arrays of equal length."""
    values = np.asarray(masses, np.float64)
    own = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    if not window[0] < window[1]:
        raise InputError(
            f"window: expected LOW below HIGH, received {window[0]:g} and {window[1]:g}"
        )
    inside = own[(values >= window[0]) & (values <= window[1])]
    if not inside.sum() > 0:
        raise InputError(
            f"masses: expected some between {window[0]:g} and {window[1]:g}, received none; choose "
            "another window"
        )
    return values, own


def _drawn(generator: np.random.Generator, number: int) -> NDArray[Any]:
    """How often each of ``number`` jets is drawn in ``number`` draws with replacement."""
    return np.bincount(generator.integers(0, number, number), minlength=number)


def _summary(values: Values, weights: Values, window: tuple[float, float]) -> dict[str, float]:
    chosen = (values >= window[0]) & (values <= window[1]) & (weights > 0)
    low, median, high = weighted_quantiles(values[chosen], _LEVELS, weights[chosen])
    return {
        "median": float(median),
        "width": float(high - low) / 2,
        "share": float(weights[chosen].sum() / weights.sum()),
    }
