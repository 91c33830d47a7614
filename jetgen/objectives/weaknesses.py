"""Weaknesses of trained models, in one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from jetgen.losses.latent import random_directions, sliced_wasserstein
from jetgen.metrics.latent import ACTIVE
from jetgen.priors.base import Prior

_WINDOW, _FALL = 5, 0.01
"""The last fifth of the epochs is compared with the fifth before; a decrease of 1 % counts."""

_DRAWS, _DIRECTIONS, _CODES = 5, 64, 5_000
"""For the comparison of two priors: draws of each, random directions, largest number of codes."""


def collapsed(means: Tensor) -> dict[str, str]:
    """A finding if no latent dimension carries information about the jets.

    Args:
        means: ``(B, L)`` means of the posteriors of jets.
    """
    dimensions = means.shape[1]
    if bool((means.double().var(0) > ACTIVE).any()):
        return {}
    return {
        "posterior collapse": f"0 of {dimensions} latent dimensions are active, so that jets do "
        "not depend on their codes; try a smaller beta, free bits, or a larger weight of the "
        "reconstruction"
    }


@torch.no_grad()
def worse_than_gaussian(
    learned: Prior, gaussian: Prior, codes: Tensor, context: Tensor, generator: torch.Generator
) -> dict[str, str]:
    """A finding if draws of the learned prior are farther from codes than Gaussian ones.

    Distances are sliced Wasserstein; their difference must be at least twice its standard deviation
    over draws.

    Args:
        learned: the fitted prior.
        gaussian: the prior without a fit.
        codes: ``(B, L)`` codes of jets that were not used in the fit.
        context: ``(B, C)`` the context of these jets.
        generator: source of randomness.
    """
    codes, context = codes[:_CODES], context[:_CODES]
    directions = random_directions(_DIRECTIONS, codes, generator)

    def distances(prior: Prior) -> Tensor:
        draws = (prior.sample(context, generator).to(codes) for _ in range(_DRAWS))
        return torch.stack([sliced_wasserstein(codes, z, directions) for z in draws])

    found, expected = distances(learned), distances(gaussian)
    spread = (found.var() + expected.var()).sqrt()
    if not bool(found.mean() > expected.mean() + 2 * spread):
        return {}
    return {
        "bad prior": f"the learned prior is farther from the codes of validation jets than the "
        f"Gaussian one (sliced Wasserstein distance {float(found.mean()):.3g} against "
        f"{float(expected.mean()):.3g}); train it longer, or generate with prior='gaussian'"
    }


def still_falling(history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A finding if the validation loss was still decreasing at the end of the training.

    Args:
        history: rows of metrics, one per epoch.
    """
    losses = [float(row["validation_total"]) for row in history]
    epochs = max(1, len(losses) // _WINDOW)
    if len(losses) < 2 * epochs:
        return {}
    before, last = sum(losses[-2 * epochs : -epochs]), sum(losses[-epochs:])
    if last > before - _FALL * abs(before):
        return {}
    return {
        "not converged": f"the validation loss still fell by {1 - last / before:.0%} over the last "
        f"{epochs} of {len(losses)} epochs; train longer"
    }
