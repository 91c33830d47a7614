r"""Likelihood of a set under Gaussians, one per decoded particle: as a mixture, or one to one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from jetgen.losses.assignment import optimal_assignment
from jetgen.losses.reduction import Reduction, prepare, reduce


def mixture_nll(
    centres: Tensor,
    log_widths: Tensor,
    centre_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    *,
    reduction: Reduction = "none",
) -> Tensor:
    r"""``-mean_j log (1/N) sum_i N(y_j; x_i, s_i)``: a mean over particles, one-sided.

    Every particle of ``y`` may come from any centre :math:`x_i`, with one Gaussian width
    :math:`s_i` per feature. It is the smooth counterpart of the Chamfer distance from y to x, and
    also models how far particles are from their centres. The squared Chamfer distance is its limit
    for one common width that goes to zero.

    Args:
        centres: ``(B, N, D)``.
        log_widths: ``(B, N, D)`` natural logarithms of the widths, in the unit of the centres.
        centre_mask: ``(B, N)`` bool.
        y: ``(B, M, D)``.
        y_mask: ``(B, M)`` bool.
        reduction: ``none`` gives ``(B,)`` nats per particle.

    Returns:
        ``(B,)``; zero for a jet if either set is empty.
    """
    x, y = prepare(centres, centre_mask, y, y_mask)
    log_widths = torch.where(centre_mask.unsqueeze(-1), log_widths, 0.0)
    precision = (-2 * log_widths).exp()  # (B, N, D)
    # sum_d (y - x)^2 / s^2 as one product (B, M, 2D + 1) @ (B, 2D + 1, N)
    constant = (precision * x.square() + 2 * log_widths).sum(-1, keepdim=True)
    left = torch.cat([y.square(), y, torch.ones_like(y[..., :1])], dim=-1)
    right = torch.cat([precision, -2 * precision * x, constant], dim=-1)
    score = -0.5 * torch.bmm(left, right.transpose(1, 2))
    score = score.masked_fill(~centre_mask.unsqueeze(1), -1e30)
    norm = 0.5 * x.shape[2] * math.log(2 * math.pi)
    counts = centre_mask.sum(1).clamp(min=1).to(x)
    log_density = score.logsumexp(2) - counts.log().unsqueeze(1) - norm  # (B, M)
    both = y_mask & centre_mask.any(1, keepdim=True)
    values = -torch.where(both, log_density, 0.0).sum(1) / both.sum(1).clamp(min=1)
    return reduce(values, reduction)


def one_to_one_nll(
    centres: Tensor,
    log_widths: Tensor,
    y: Tensor,
    mask: Tensor,
    *,
    reduction: Reduction = "none",
) -> Tensor:
    r"""``-1/n max_p sum_i log N(y_p(i); x_i, s_i)``: every centre explains one particle.

    Unlike the mixture (:func:`mixture_nll`), one centre cannot stand for several particles while
    others stand for none. The permutation ``p`` is the best one
    (:func:`jetgen.losses.assignment.optimal_assignment`); the gradient is that at this permutation.

    Args:
        centres, log_widths, y: ``(B, N, D)``, the widths as natural logarithms.
        mask: ``(B, N)`` bool, of both sets.
        reduction: ``none`` gives ``(B,)`` nats per particle.

    Returns:
        ``(B,)``; zero for an empty jet.
    """
    x, y = prepare(centres, mask, y, mask)
    log_widths = torch.where(mask.unsqueeze(-1), log_widths, 0.0)
    with torch.no_grad():
        precision = (-2 * log_widths).exp()
        cost = torch.bmm(precision, y.square().transpose(1, 2))
        cost -= 2 * torch.bmm(precision * x, y.transpose(1, 2))
        partner = optimal_assignment(cost, mask)  # what depends on the centre alone is the same
    pulls = (torch.take_along_dim(y, partner.unsqueeze(-1), dim=1) - x) * (-log_widths).exp()
    norm = 0.5 * math.log(2 * math.pi)
    values = torch.where(mask.unsqueeze(-1), 0.5 * pulls.square() + log_widths + norm, 0.0)
    return reduce(values.sum((1, 2)) / mask.sum(1).clamp(min=1), reduction)
