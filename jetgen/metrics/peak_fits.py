"""Fits of a mass peak: three shapes, binned likelihood, errors and goodness of fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import wofz
from scipy.stats import chi2

from jetgen.conversion import as_tensor
from jetgen.errors import InputError
from jetgen.metrics.weighted_quantiles import weighted_quantiles
from jetgen.weights import counted_sets, effective_size, equal, require_some_weight, sized

Values = NDArray[np.float64]

_POINTS = 8
"""Number of points per bin over which a shape is averaged (midpoint rule)."""


def gaussian(x: Values, mass: float, width: float) -> Values:
    r""":math:`\exp(-(x - m)^2 / 2 w^2)`."""
    return np.exp(-0.5 * ((x - mass) / width) ** 2)


def crystal_ball(
    x: Values,
    mass: float,
    width: float,
    alpha_low: float,
    power_low: float,
    alpha_high: float,
    power_high: float,
) -> Values:
    r"""Double-sided Crystal Ball: a Gaussian core with a power law on either side.

    With :math:`t = (x - m)/w` it is :math:`e^{-t^2/2}` for
    :math:`-\alpha_l \le t \le \alpha_h`, and beyond

    .. math:: e^{-\alpha^2/2} \left(1 + \frac{\alpha}{n} (|t| - \alpha)\right)^{-n}

    which has the same value and slope as the core at the transition.

    Reference:
        A study of the reactions psi' -> gamma gamma psi (Oreglia, 1980), SLAC-R-236.
    """
    t = (x - mass) / width
    alpha = np.where(t < 0, alpha_low, alpha_high)
    power = np.where(t < 0, power_low, power_high)
    beyond = np.maximum(np.abs(t) - alpha, 0.0)
    core = np.exp(-0.5 * np.minimum(np.abs(t), alpha) ** 2)
    return core * (1 + alpha / power * beyond) ** -power


def breit_wigner(x: Values, mass: float, width: float, resolution: float) -> Values:
    r"""Relativistic Breit-Wigner convolved with a Gaussian of standard deviation ``resolution``.

    .. math:: \int \frac{M\Gamma\,N(x - t; \sigma)}{(t^2 - M^2)^2 + M^2\Gamma^2}\,dt
        = \mathrm{Im} \int \frac{N(x - t; \sigma)}{t^2 - a}\,dt, \qquad a = M^2 + iM\Gamma

    After partial-fraction decomposition at the poles :math:`\pm\sqrt a` each term is a Faddeeva
    function, so no numerical integration is needed.
    """
    pole = np.sqrt(complex(mass * mass, mass * width))
    scale = np.sqrt(2) * resolution
    upper = 1j * np.conj(wofz(np.conj((x - pole) / scale)))  # the integral of 1 / (t - pole)
    lower = -1j * wofz((x + pole) / scale)
    return np.imag(np.sqrt(np.pi) / scale * (upper - lower) / (2 * pole))


@dataclass(frozen=True)
class Shape:
    """An unnormalised density, with starting values and limits of its parameters.

    Args:
        title: name for tables and figures.
        density: a function of the masses and the parameters; the first is the mass.
        start: starting values, given the median and the half width of the central 68 %.
        limits: the range of each parameter except the mass.
        with_unit: parameters whose limits are in units of that half width.
    """

    title: str
    density: Callable[..., Values]
    start: Callable[[float, float], dict[str, float]]
    limits: Mapping[str, tuple[float, float]]
    with_unit: tuple[str, ...]


SHAPES = {
    "gaussian": Shape(
        "Gaussian",
        gaussian,
        lambda median, spread: {"mass": median, "width": spread},
        {"width": (0.02, 20)},
        ("width",),
    ),
    "crystal-ball": Shape(
        "double-sided Crystal Ball",
        crystal_ball,
        lambda median, spread: {
            "mass": median,
            "width": 0.7 * spread,
            "alpha_low": 1.2,
            "power_low": 3.0,
            "alpha_high": 1.2,
            "power_high": 3.0,
        },
        {
            "width": (0.02, 20),
            "alpha_low": (0.1, 5),
            "power_low": (1.01, 50),
            "alpha_high": (0.1, 5),
            "power_high": (1.01, 50),
        },
        ("width",),
    ),
    "breit-wigner": Shape(
        "relativistic Breit-Wigner with a Gaussian",
        breit_wigner,
        lambda median, spread: {"mass": median, "width": 0.7 * spread, "resolution": 0.5 * spread},
        {"width": (0.002, 20), "resolution": (0.01, 20)},
        ("width", "resolution"),
    ),
}
"""The shapes of a peak by name."""


ACCEPTABLE = 0.01
"""Smallest p-value of a fit that describes a peak."""


@dataclass(frozen=True)
class PeakFit:
    """A fitted peak.

    Args:
        shape: name of the shape in :data:`SHAPES`.
        values: the parameters, mass and widths in the unit of the masses.
        errors: their standard deviations, from the curvature of the likelihood.
        edges: ``(K + 1,)`` edges of the bins.
        counts: ``(K,)`` (effective) entries in the bins.
        deviance: twice the log-likelihood ratio to a perfect description (Baker, Cousins), which
            follows a chi-squared distribution if the shape is correct.
        valid: whether the minimum was found and its errors are accurate.
    """

    shape: str
    values: dict[str, float]
    errors: dict[str, float]
    edges: Values
    counts: Values
    deviance: float
    valid: bool

    @property
    def degrees_of_freedom(self) -> int:
        """Number of bins minus the number of fitted parameters, minus one for the total."""
        return len(self.counts) - len(self.values) - 1

    @property
    def p_value(self) -> float:
        """Probability of a larger deviance if the shape is correct."""
        return float(chi2.sf(self.deviance, self.degrees_of_freedom))

    @property
    def describes(self) -> bool:
        """Whether the shape describes the peak, so that its parameters mean something.

        The minimum was found, and the p-value is at least :data:`ACCEPTABLE`.
        """
        return self.valid and self.p_value >= ACCEPTABLE

    @property
    def expected(self) -> Values:
        """``(K,)`` expected entries in the bins."""
        return self.counts.sum() * _shares(SHAPES[self.shape].density, self.edges, self.values)


def fit_peak(
    masses: ArrayLike,
    shape: str,
    window: tuple[float, float],
    bins: int = 50,
    start: Mapping[str, float] | None = None,
    *,
    weights: ArrayLike | None = None,
) -> PeakFit:
    r"""Fit the peak in ``masses`` with a binned maximum-likelihood fit by MINUIT.

    .. math:: D = 2 \sum_k \mu_k - n_k + n_k \log(n_k / \mu_k)

    is minimised, with :math:`\mu_k` the share of the shape in bin k times the number of entries in
    the window. Weights are scaled so that their sum in the window is their effective number there,
    :math:`(\sum w)^2 / \sum w^2`, which keeps the errors honest.

    Reference:
        Clarification of the use of chi-square and likelihood functions in fits to histograms
        (Baker, Cousins, 1984).

    Args:
        masses: ``(n,)``.
        shape: a name in :data:`SHAPES`.
        window: range of the fitted masses.
        bins: number of equal bins in the window.
        start: starting values; by default from the median and the width of the masses.
        weights: ``(n,)`` event weights; ones when omitted.

    Raises:
        InputError: for an unknown shape, fewer masses in the window than bins (of weighted ones
            their effective number), or weights that are negative, not finite, or all zero.
    """
    from iminuit import Minuit

    if shape not in list(SHAPES):
        raise InputError(f"shape: expected one of {', '.join(SHAPES)}, received {shape!r}")
    chosen = SHAPES[shape]
    values = as_tensor(masses, "masses").double().numpy()
    known = torch.ones(len(values)) if weights is None else as_tensor(weights, "weights")
    require_some_weight(known)
    chosen_rows = (values >= window[0]) & (values <= window[1])
    inside, own = values[chosen_rows], known.double()[torch.from_numpy(chosen_rows)]
    if counted_sets(own) < bins:
        raise InputError(
            f"masses: expected at least {bins} between {window[0]:g} and {window[1]:g}, received "
            f"{sized(own)}; widen the window or use fewer bins"
        )
    scale = effective_size(own) / own.sum()
    observed, edges = np.histogram(inside, bins, window, weights=(own * scale).numpy())
    low, median, high = (
        np.percentile(inside, [16, 50, 84])
        if equal(own)
        else weighted_quantiles(inside, (0.16, 0.5, 0.84), own.numpy())
    )
    spread = (high - low) / 2
    first = dict(start) if start is not None else chosen.start(median, spread)

    def deviance(*parameters: float) -> float:
        shares = _shares(chosen.density, edges, dict(zip(first, parameters, strict=True)))
        return _deviance(observed, observed.sum() * shares)

    minuit = Minuit(deviance, name=tuple(first), **first)
    minuit.errordef = Minuit.LEAST_SQUARES  # a deviance rises by one per standard deviation
    minuit.limits["mass"] = window
    for name, limits in chosen.limits.items():
        unit = spread if name in chosen.with_unit else 1.0
        minuit.limits[name] = (unit * limits[0], unit * limits[1])
    minuit.strategy = 1
    minuit.migrad(ncall=5000)
    minuit.hesse()
    return PeakFit(
        shape,
        dict(zip(minuit.parameters, minuit.values, strict=True)),
        dict(zip(minuit.parameters, minuit.errors, strict=True)),
        edges,
        observed,
        float(minuit.fval),
        bool(minuit.valid and minuit.accurate),
    )


@dataclass(frozen=True)
class Shift:
    """Change of a fitted parameter, with its error."""

    value: float
    error: float

    @property
    def significance(self) -> float:
        """The change in units of its error."""
        return self.value / self.error


def peak_shifts(
    before: ArrayLike,
    after: ArrayLike,
    shape: str,
    window: tuple[float, float],
    bins: int = 50,
    replicas: int = 50,
    seed: int = 1,
    *,
    weights: ArrayLike | None = None,
) -> dict[str, Shift]:
    """Changes of mass and width from ``before`` to ``after``, for the same jets in the same order.

    The jets are the same, so the fluctuations of both fits are strongly correlated: the error is
    the standard deviation of the change over bootstrap replicas of the pairs, not the combined
    error of two fits.

    Args:
        before: masses ``(n,)``.
        after: masses ``(n,)`` of the same jets.
        shape: a name in :data:`SHAPES`.
        window: range of masses that is fitted.
        bins: equal bins in it.
        replicas: number of bootstrap replicas.
        seed: seed of the replicas.
        weights: ``(n,)`` event weights of the jets; ones when omitted.

    Raises:
        InputError: when the two differ in length, or cannot be fitted.
    """
    pairs = [np.asarray(before, np.float64), np.asarray(after, np.float64)]
    if pairs[0].shape != pairs[1].shape:
        raise InputError(
            f"masses: expected the same jets twice, received {len(pairs[0])} and {len(pairs[1])}"
        )
    own = np.ones(len(pairs[0])) if weights is None else np.asarray(weights, np.float64)
    centres = [fit_peak(masses, shape, window, bins, weights=own).values for masses in pairs]
    generator = np.random.default_rng(seed)
    rows = generator.integers(0, len(pairs[0]), (replicas, len(pairs[0])))
    changes: dict[str, list[float]] = {"mass": [], "width": []}
    for chosen in rows:
        fits = [
            fit_peak(masses[chosen], shape, window, bins, start, weights=own[chosen]).values
            for masses, start in zip(pairs, centres, strict=True)
        ]
        for name, values in changes.items():
            values.append(fits[1][name] - fits[0][name])
    return {
        name: Shift(centres[1][name] - centres[0][name], float(np.std(values, ddof=1)))
        for name, values in changes.items()
    }


def _shares(density: Callable[..., Values], edges: Values, values: Mapping[str, float]) -> Values:
    """The share ``(K,)`` of a density in each bin, normalised to a sum of one."""
    steps = (np.arange(_POINTS) + 0.5) / _POINTS
    points = edges[:-1, None] + np.diff(edges)[:, None] * steps  # (K, points)
    content = density(points, **values).mean(1) * np.diff(edges)
    return content / content.sum()


def _deviance(observed: Values, expected: Values) -> float:
    safe: Any = np.maximum(expected, 1e-300)
    logs = np.where(observed > 0, observed * np.log(np.maximum(observed, 1) / safe), 0.0)
    return float(2 * (expected - observed + logs).sum())
