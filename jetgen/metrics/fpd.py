"""FPD: Frechet distance between Gaussians with the moments of energy-flow polynomials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.conversion import Jets
from jetgen.errors import InputError
from jetgen.metrics.samples import (
    Estimate,
    Seed,
    counted,
    features,
    relative_particles,
    warn_if_few,
)
from jetgen.physics.efp import efps


def jet_efps(jets: Jets, name: str = "jets") -> Tensor:
    """``(B, 36)`` features of FPD and KPD: all energy-flow polynomials up to four edges.

    Hadronic measure, ``beta = 1``, ``z = ptrel`` not divided by its sum, order of energyflow.
    """
    return efps(relative_particles(jets, name))


def features_of(jets: Jets, name: str) -> Tensor:
    """The :func:`jet_efps` of jets; two-dimensional arrays are used as features directly."""
    if getattr(jets, "ndim", 0) == 2 and not getattr(jets, "fields", ()):
        return features(jets, f"{name} features")
    return jet_efps(jets, f"{name} jets")


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
) -> Estimate:
    r"""The Frechet physics distance, extrapolated to infinitely many jets.

    At ``points`` sizes ``N``, equidistant in ``1 / N``, the distance between draws with replacement
    is averaged over ``batches`` pairs. The value is ``a >= 0`` of the fit ``a + b / N`` with
    ``b >= 0``, and the spread is its fit error.

    Args:
        real, generated: jets (a cloud, a ragged awkward array, or an array ``(B, N, 3 or 4)`` of
            etarel, phirel, ptrel[, mask]), whose :func:`jet_efps` are compared; or any features
            ``(B, d)``.
        min_jets, max_jets: smallest and largest ``N``, which may exceed the sample sizes.
        batches: number of pairs of draws for each ``N``.
        points: number of sizes ``N``.
        normalise: divide each feature by its largest absolute real value.
        seed: seed for ``numpy.random.default_rng``, or a generator.

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
    x, y = features_of(real, "real"), features_of(generated, "generated")
    scaled = normalised(x, y)
    x, y = scaled if normalise else (x, y)
    warn_if_few("FPD", len(x), len(y))
    random = np.random.default_rng(seed)
    sizes = (1 / np.linspace(1 / min_jets, 1 / max_jets, points)).astype(np.int32)
    distances = []
    for size in sizes.tolist():
        drawn = torch.zeros(batches, dtype=torch.float64)
        for k in range(batches):
            a = counted(random.choice(len(x), size=size), len(x))
            b = counted(random.choice(len(y), size=size), len(y))
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


def moments(x: Tensor, counts: Tensor) -> Moments:
    """Moments of a weighted sample ``(B, d)``, normalised to the sum of the counts minus one."""
    total = counts.sum()
    mean = counts @ x / total
    centred = x - mean
    return gaussian(mean, centred.T @ (centred * counts.unsqueeze(1)) / (total - 1))


def frechet_distance(first: Moments, second: Moments) -> Tensor:
    r"""``|mu_x - mu_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2))`` of two Gaussians.

    The trace of the square root is the sum of the singular values of ``S_x^(1/2) S_y^(1/2)``.
    """
    overlap = torch.linalg.svdvals(first.root @ second.root).sum()
    gap = (first.mean - second.mean).square().sum()
    return gap + first.root.square().sum() + second.root.square().sum() - 2 * overlap


def frechet(x: Tensor, y: Tensor, x_counts: Tensor, y_counts: Tensor) -> Tensor:
    """Distance between the Gaussians with the moments of two weighted samples.

    Args:
        x, y: ``(B, d)`` and ``(C, d)`` float64 features.
        x_counts, y_counts: ``(B,)`` and ``(C,)`` weights of the jets.
    """
    return frechet_distance(moments(x, x_counts), moments(y, y_counts))


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
