"""FPD: Frechet distance between Gaussians with the moments of energy-flow polynomials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.conversion import Jets, as_tensor
from jetgen.errors import InputError
from jetgen.metrics.samples import (
    Estimate,
    Seed,
    check_sizes,
    counts_of_draws,
    features,
    relative_particles,
)
from jetgen.physics.efp import efps
from jetgen.weights import require_some_weight


def jet_efps(jets: Jets, name: str = "jets") -> Tensor:
    """``(B, 36)`` features of FPD and KPD: all energy-flow polynomials up to four edges.

    Hadronic measure, ``beta = 1``, ``z = ptrel`` not divided by its sum, order of energyflow.
    """
    return efps(relative_particles(jets, name))


_PRODUCTS = 2**20
"""Number of products of two features of a jet that are formed at a time."""


class Weighted(NamedTuple):
    """Features ``(B, d)`` of jets and their event weights ``(B,)``."""

    features: Tensor
    weights: Tensor


def weighted_features(
    real: Jets, generated: Jets, weights: tuple[Tensor, Tensor] | None
) -> tuple[Weighted, Weighted]:
    """The :func:`jet_efps` of both samples, or two-dimensional arrays, with their weights."""
    first, second = (None, None) if weights is None else weights
    return _weighted(real, "real", first), _weighted(generated, "generated", second)


def _weighted(jets: Jets, name: str, weights: Tensor | None) -> Weighted:
    if getattr(jets, "ndim", 0) == 2 and not getattr(jets, "fields", ()):
        table = features(jets, f"{name} features")
        known = torch.ones(len(table), dtype=torch.float64)
    else:
        cloud = relative_particles(jets, f"{name} jets")
        table, known = efps(cloud), cloud.weights
    if weights is not None:
        shape, known = known.shape, as_tensor(weights, "weights").detach().cpu().double()
        if known.shape != shape:
            raise InputError(
                f"weights: expected shape {tuple(shape)}, one for each of the {name} jets, "
                f"received {tuple(known.shape)}"
            )
        require_some_weight(known, f"{name} weights")
    present = known > 0  # others must not decide the scale of a feature
    return Weighted(table[present], known[present])


def fpd(
    real: Jets,
    generated: Jets,
    *,
    min_jets: int = 20_000,
    max_jets: int = 50_000,
    batches: int = 20,
    points: int = 10,
    normalise: bool = True,
    seed: Seed = 42,
    weights: tuple[Tensor, Tensor] | None = None,
) -> Estimate:
    r"""The Frechet physics distance, extrapolated to infinitely many jets.

    At ``points`` sizes ``N``, equidistant in ``1 / N``, the distance between draws with
    replacement, by event weight, is averaged over ``batches`` pairs. The value is ``a >= 0`` of the
    fit ``a + b / N`` with ``b >= 0``, and the spread is its fit error.

    Args:
        real, generated: jets (a cloud, a ragged awkward array, or an array ``(B, N, 3 or 4)`` of
            etarel, phirel, ptrel[, mask]), whose :func:`jet_efps` are compared; or any features
            ``(B, d)``.
        min_jets, max_jets: smallest and largest ``N``, which may exceed the sample sizes.
        batches: number of pairs of draws for each ``N``.
        points: number of sizes ``N``.
        normalise: divide each feature by its largest absolute real value.
        seed: seed for ``numpy.random.default_rng``, or a generator.
        weights: event weights of both, for features; those of the jets by default.

    Raises:
        InputError: for features that are not finite, or invalid sizes.

    Source:
        Evaluating generative models in high energy physics (Kansal, Li, Duarte, Chernyavskaya,
        Pierini, Orzari, Tomei, 2022), arXiv:2211.10295.
    """
    from scipy.optimize import curve_fit

    if not (2 <= min_jets < max_jets and points >= 3 and batches >= 1):
        raise InputError(
            "fpd: expected 2 <= min_jets < max_jets, at least 3 points and 1 batch, received "
            f"{min_jets}, {max_jets}, {points}, {batches}"
        )
    (x, v), (y, w) = weighted_features(real, generated, weights)
    scaled = normalised(x, y)
    x, y = scaled if normalise else (x, y)
    check_sizes("FPD", v, w)
    random = np.random.default_rng(seed)
    sizes = (1 / np.linspace(1 / min_jets, 1 / max_jets, points)).astype(np.int32)
    distances = []
    for size in sizes.tolist():
        drawn = torch.zeros(batches, dtype=torch.float64)
        for k in range(batches):
            a, b = (counts_of_draws(random, side, size) for side in (v, w))
            drawn[k] = frechet(x, y, a, b)
        distances.append(drawn.mean().item())
    bounds = ([0, 0], [np.inf, np.inf])
    fit, covariance = curve_fit(lambda n, a, b: a + b * n, 1 / sizes, distances, bounds=bounds)
    return Estimate(fit[0], np.sqrt(covariance[0, 0]))


class Moments(NamedTuple):
    """Mean ``(d,)`` of a Gaussian, and the symmetric square root ``(d, d)`` of its covariance."""

    mean: Tensor
    root: Tensor


def gaussian(mean: Tensor, covariance: Tensor) -> Moments:
    """The Gaussian with this mean and covariance; negative eigenvalues are set to zero."""
    values, vectors = torch.linalg.eigh(covariance)
    return Moments(mean, (vectors * values.clamp(min=0).sqrt()) @ vectors.T)


def moments(x: Tensor, counts: Tensor, weights: Tensor | None = None) -> Moments:
    r"""Moments of jets ``(B, d)`` that are drawn ``counts`` times and have event ``weights``.

    With :math:`a_i = c_i w_i` the covariance is

    .. math:: \frac{\sum_i a_i (x_i - \bar x)(x_i - \bar x)^T}{A - \sum_i a_i w_i / A},
              \qquad A = \sum_i a_i

    which is unbiased; without weights the normalisation is the number of draws minus one.
    """
    own = torch.ones_like(counts) if weights is None else weights
    both = counts * own
    total = both.sum()
    mean = both @ x / total
    centred = x - mean
    norm = total - (both @ own) / total
    return gaussian(mean, centred.T @ (centred * both.unsqueeze(1)) / norm)


def resampled_moments(x: Tensor, counts: Tensor, weights: Tensor) -> list[Moments]:
    """:func:`moments` for R sets of counts ``(R, B)``, with products of features formed once.

    The features are first centred and scaled with the moments of all jets, to avoid cancellation.
    """
    spread = x.std(0, correction=0)
    scale = torch.where(spread > 0, spread, torch.ones_like(spread))
    centre, size = x.mean(0), x.shape[1]
    total, own = counts.new_zeros(2, len(counts), dtype=torch.float64)
    mean = x.new_zeros(len(counts), size)
    first, second = torch.triu_indices(size, size)
    products = x.new_zeros(len(counts), len(first))
    few = max(1, _PRODUCTS // size**2)
    pieces = (x.split(few), counts.split(few, dim=1), weights.split(few))
    for values, drawn, known in zip(*pieces, strict=True):
        both, rows = drawn * known, (values - centre) / scale
        total += both.sum(1)
        own += both @ known
        mean += both @ rows
        products += both @ (rows[:, first] * rows[:, second])
    mean /= total.unsqueeze(1)
    square = x.new_zeros(len(counts), size, size)
    square[:, first, second] = square[:, second, first] = products
    square -= total.view(-1, 1, 1) * mean.unsqueeze(2) * mean.unsqueeze(1)
    covariance = square / (total - own / total).view(-1, 1, 1) * scale.outer(scale)
    return [gaussian(centre + scale * m, c) for m, c in zip(mean, covariance, strict=True)]


def frechet_distance(first: Moments, second: Moments) -> Tensor:
    r"""``|mu_x - mu_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2))`` of two Gaussians.

    The trace of the square root is the sum of the singular values of ``S_x^(1/2) S_y^(1/2)``.
    """
    overlap = torch.linalg.svdvals(first.root @ second.root).sum()
    gap = (first.mean - second.mean).square().sum()
    return gap + first.root.square().sum() + second.root.square().sum() - 2 * overlap


def frechet(
    x: Tensor,
    y: Tensor,
    x_counts: Tensor,
    y_counts: Tensor,
    x_weights: Tensor | None = None,
    y_weights: Tensor | None = None,
) -> Tensor:
    """Distance between the Gaussians with the :func:`moments` of two samples.

    Args:
        x, y: ``(B, d)`` and ``(C, d)`` float64 features.
        x_counts, y_counts: ``(B,)`` and ``(C,)`` how often each jet is drawn.
        x_weights, y_weights: ``(B,)`` and ``(C,)`` event weights of the jets; ones when omitted.
    """
    return frechet_distance(moments(x, x_counts, x_weights), moments(y, y_counts, y_weights))


def normalised(real: Tensor, generated: Tensor) -> tuple[Tensor, Tensor]:
    """Each feature over its largest absolute real value; unchanged if that is zero.

    Raises:
        InputError: when the numbers of features differ.
    """
    if real.shape[1] != generated.shape[1]:
        raise InputError(
            "features: expected the same number for real and generated jets, received "
            f"{real.shape[1]} and {generated.shape[1]}"
        )
    largest = real.abs().amax(0)
    scale = torch.where(largest == 0, torch.ones_like(largest), largest)
    return real / scale, generated / scale
