"""Measures of the latent space of an autoencoder, and of its agreement with the prior."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ACTIVE = 0.01
"""Variance over jets of the mean, and divergence in nats, above which a dimension is active."""


@dataclass(frozen=True)
class LatentSpace:
    """Codes of real jets, and codes drawn from the prior.

    Args:
        mean: ``(B, L)`` means of the posteriors of B jets.
        log_variance: ``(B, L)`` their log-variances, minus infinity for deterministic codes.
        codes: ``(B, L)`` one draw of each posterior.
        prior: ``(P, L)`` draws of the prior used for generation.
        prior_name: name of that prior.
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
        """The codes of the jets that ``index`` selects, with all draws of the prior."""
        return LatentSpace(
            self.mean[index],
            self.log_variance[index],
            self.codes[index],
            self.prior,
            self.prior_name,
        )


def activity(latent: LatentSpace) -> Tensor:
    r"""``(L,)`` variance over jets of each posterior mean, :math:`\mathrm{Var}_x \mu_i(x)`.

    Reference:
        Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2015), arXiv:1509.00519.
    """
    return latent.mean.double().var(0)


def active(latent: LatentSpace) -> Tensor:
    """``(L,)`` bool, columns that carry something about their jet.

    The variance of the mean exceeds 0.01 and, where codes have widths, the divergence 0.01 nats:
    a mean that varies by much less than the width of its code, which equals the prior, contains
    no information.
    """
    varies = activity(latent) > ACTIVE
    return varies & (divergence(latent) > ACTIVE) if latent.stochastic else varies


def divergence(latent: LatentSpace) -> Tensor:
    r"""``(L,)`` nats, mean over jets of :math:`\tfrac12(\sigma^2 + \mu^2 - 1 - \log\sigma^2)`.

    Infinite for deterministic codes.
    """
    mean, log_variance = latent.mean.double(), latent.log_variance.double()
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).mean(0)


def order(latent: LatentSpace) -> Tensor:
    """``(L,)`` the indices of the latent dimensions, most active first."""
    return activity(latent).argsort(descending=True)


def principal_components(latent: LatentSpace, count: int = 2) -> tuple[Tensor, Tensor]:
    """``(B, count)`` projections of the means and ``(count,)`` their shares of the variance.

    The number of components is at most that of latent dimensions and that of jets; signs are chosen
    such that the largest entry of each axis is positive.
    """
    centred = latent.mean.double() - latent.mean.double().mean(0)
    _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:count]
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    variance = singular.square()
    total = variance.sum().clamp(min=torch.finfo(torch.float64).tiny)
    return centred @ (axes * largest.sign()).T, variance[:count] / total


def rank_correlation(codes: Tensor, observables: Tensor) -> Tensor:
    """Spearman correlation ``(L, O)`` of ``(B, L)`` and ``(B, O)``; ties have their mean rank.

    NaN if one of the two is constant.
    """
    first, second = (_standardised_ranks(values) for values in (codes, observables))
    return first.T @ second / len(codes)


def _standardised_ranks(values: Tensor) -> Tensor:
    ranks = torch.stack([_ranks(each) for each in values.double().unbind(1)], dim=1)
    return (ranks - ranks.mean(0)) / ranks.std(0, correction=0)


def _ranks(values: Tensor) -> Tensor:
    _, index, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    return (last - (counts - 1) / 2)[index]
