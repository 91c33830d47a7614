"""Straight paths from noise to data, whose velocities are learned in flow matching."""

from __future__ import annotations

from torch import Tensor

SMALLEST_WIDTH = 1e-4
"""Width of the Gaussian about each data point at the end of its path."""


def straight_path(noise: Tensor, data: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
    r"""Points and velocities on the optimal-transport paths between Gaussians.

    .. math:: x_t = \big(1 - (1 - \sigma) t\big) x_0 + t x_1, \qquad u = x_1 - (1 - \sigma) x_0

    with :math:`\sigma` = :data:`SMALLEST_WIDTH`.

    Reference:
        Flow Matching for Generative Modeling (Lipman, Chen, Ben-Hamu, Nickel, Le, 2022),
        arXiv:2210.02747, section 4.1.

    Args:
        noise, data: ``(B, ...)``, the ends :math:`x_0` and :math:`x_1`.
        time: ``(B,)`` in [0, 1].

    Returns:
        :math:`x_t` and :math:`u`, with the shape of the ends.
    """
    t = time.view(-1, *[1] * (data.dim() - 1))
    kept = 1 - SMALLEST_WIDTH
    return (1 - kept * t) * noise + t * data, data - kept * noise
