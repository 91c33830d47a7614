"""Distances between two samples of latent codes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Kernel = Literal["inverse-multiquadric", "rbf"]

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Factors of the squared kernel width; the kernel is the sum over them."""


def mmd(x: Tensor, y: Tensor, kernel: Kernel = "inverse-multiquadric") -> Tensor:
    r"""Unbiased squared maximum mean discrepancy of two samples, computed in float32 or float64.

    .. math::
        \frac{1}{M(M-1)} \sum_{i \ne j} k(x_i, x_j) + \frac{1}{K(K-1)} \sum_{i \ne j} k(y_i, y_j)
        - \frac{2}{MK} \sum_{i, j} k(x_i, y_j)

    with :math:`k = \sum_s C_s / (C_s + d^2)` (inverse multiquadric) or
    :math:`\sum_s \exp(-d^2 / C_s)` (rbf), :math:`d` the Euclidean distance and :math:`C_s = 2 L s`
    with the factors :data:`SCALES`: :math:`2L` is the mean squared distance of two standard normal
    points. The expectation is zero for two samples of the same distribution, so single values may
    be negative.

    Reference:
        A Kernel Two-Sample Test (Gretton et al., 2012), JMLR 13, 723.
        Wasserstein Auto-Encoders (Tolstikhin, Bousquet, Gelly, Schoelkopf, 2017),
        arXiv:1711.01558.

    Args:
        x: ``(M, L)``.
        y: ``(K, L)``; the term of pairs within a sample is zero for a sample of one point.
        kernel: ``inverse-multiquadric`` or ``rbf``.

    Returns:
        a scalar.
    """
    x, y = _accurate(x), _accurate(y)
    cross = _kernel(x, y, kernel).mean()
    return _mean_of_pairs(x, kernel) + _mean_of_pairs(y, kernel) - 2 * cross


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    r"""Mean over directions of the squared 2-Wasserstein distance of the projected samples.

    .. math::
        \frac{1}{PM} \sum_{p, i} \left((x \cdot \theta_p)_{(i)} - (y \cdot \theta_p)_{(i)}\right)^2

    Reference:
        Sliced-Wasserstein Autoencoder (Kolouri, Pope, Martin, Rohde, 2018), arXiv:1804.01947.

    Args:
        x, y: ``(M, L)``, with the same number of points.
        directions: ``(P, L)`` unit vectors, see :func:`random_directions`.

    Returns:
        a scalar, in the unit of the codes squared.
    """
    x, y, directions = _accurate(x), _accurate(y), _accurate(directions)
    difference = (x @ directions.T).sort(0).values - (y @ directions.T).sort(0).values
    return difference.square().mean()


def random_directions(count: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """Unit vectors ``(count, L)``, uniform on the sphere, with the dtype and device of ``like``."""
    vectors = torch.randn((count, like.shape[1]), generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(vectors, dim=1).to(like)


def _accurate(points: Tensor) -> Tensor:
    return points.to(torch.promote_types(points.dtype, torch.float32))


def _kernel(x: Tensor, y: Tensor, kernel: Kernel) -> Tensor:
    squared = (x.unsqueeze(1) - y.unsqueeze(0)).square().sum(-1)  # (M, K)
    widths = [2 * x.shape[1] * scale for scale in SCALES]
    if kernel == "rbf":
        return torch.stack([(-squared / c).exp() for c in widths]).sum(0)
    return torch.stack([c / (c + squared) for c in widths]).sum(0)


def _mean_of_pairs(x: Tensor, kernel: Kernel) -> Tensor:
    values = _kernel(x, x, kernel)
    return (values.sum() - values.diagonal().sum()) / max(1, len(x) * (len(x) - 1))
