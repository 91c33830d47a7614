"""What the codes of an autoencoder say about jets, and how well the prior covers them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ACTIVE = 0.01
"""Variance over jets of a column's mean, and nats of its divergence, of an active column."""


@dataclass(frozen=True)
class LatentSpace:
    """Codes of real jets beside codes of the prior.

    Args:
        mean: ``(B, L)`` means of the posteriors of B jets.
        log_variance: ``(B, L)`` their log-variances, minus infinity for codes without width.
        codes: ``(B, L)`` one draw of each posterior.
        prior: ``(P, L)`` draws of the prior that generates.
        prior_name: what that prior is.
    """

    mean: Tensor
    log_variance: Tensor
    codes: Tensor
    prior: Tensor
    prior_name: str

    @property
    def stochastic(self) -> bool:
        """Whether the posteriors have widths."""
        return bool(self.log_variance.isfinite().all())

    def __getitem__(self, index: Tensor | slice) -> LatentSpace:
        """The codes of the jets that ``index`` selects, beside all of the prior's."""
        return LatentSpace(
            self.mean[index],
            self.log_variance[index],
            self.codes[index],
            self.prior,
            self.prior_name,
        )


def activity(latent: LatentSpace) -> Tensor:
    r"""``(L,)`` variance over jets of each column's mean, :math:`\mathrm{Var}_x \mu_i(x)`.

    Reference:
        Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2015), arXiv:1509.00519.
    """
    return latent.mean.double().var(0)


def active(latent: LatentSpace) -> Tensor:
    """``(L,)`` bool, columns that carry something about their jet.

    The variance of the mean exceeds 0.01 and, where codes have widths, the divergence 0.01 nats:
    a mean that varies a little beside the width of a code equal to the prior says nothing.
    """
    varies = activity(latent) > ACTIVE
    return varies & (divergence(latent) > ACTIVE) if latent.stochastic else varies


def divergence(latent: LatentSpace) -> Tensor:
    r"""``(L,)`` nats, mean over jets of :math:`\tfrac12(\sigma^2 + \mu^2 - 1 - \log\sigma^2)`.

    Infinite for codes without width.
    """
    mean, log_variance = latent.mean.double(), latent.log_variance.double()
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).mean(0)


def order(latent: LatentSpace) -> Tensor:
    """``(L,)`` the columns, most active first."""
    return activity(latent).argsort(descending=True)


def principal_components(latent: LatentSpace, count: int = 2) -> tuple[Tensor, Tensor]:
    """``(B, count)`` projections of the means and ``(count,)`` their shares of the variance.

    There are at most as many components as columns and jets; signs are such that the largest
    entry of each axis is positive.
    """
    centred = latent.mean.double() - latent.mean.double().mean(0)
    _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:count]
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    variance = singular.square()
    total = variance.sum().clamp(min=torch.finfo(torch.float64).tiny)
    return centred @ (axes * largest.sign()).T, variance[:count] / total


def rank_correlation(columns: Tensor, observables: Tensor) -> Tensor:
    """Spearman's ``(L, O)`` of ``(B, L)`` and ``(B, O)``: Pearson's of ranks, ties at their mean.

    NaN where one of the two does not vary.
    """
    first, second = (_standardised_ranks(values) for values in (columns, observables))
    return first.T @ second / len(columns)


def _standardised_ranks(values: Tensor) -> Tensor:
    ranks = torch.stack([_ranks(column) for column in values.double().unbind(1)], dim=1)
    return (ranks - ranks.mean(0)) / ranks.std(0, correction=0)


def _ranks(values: Tensor) -> Tensor:
    _, index, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    return (last - (counts - 1) / 2)[index]
