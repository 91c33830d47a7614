"""Priors by name, from the options of a training."""

from __future__ import annotations

from jetgen.components import PRIORS
from jetgen.config.train import TrainConfig
from jetgen.priors.base import LearnedPrior, Prior
from jetgen.priors.gaussian import GaussianPrior


def build_fixed_prior(config: TrainConfig, context: int) -> Prior:
    """The prior that codes are drawn to: the one that ``config`` names, or the normal one where
    it names a prior that is learned from the codes."""
    prior: type[Prior] = PRIORS[config.prior]
    if issubclass(prior, LearnedPrior):
        return GaussianPrior(config.latent)
    return prior.build(config, context, config.own_options("prior"))


def build_learned_prior(config: TrainConfig, context: int) -> LearnedPrior | None:
    """The prior learned from the codes that ``config`` names, for ``context`` columns; or none."""
    prior: type[Prior] = PRIORS[config.prior]
    if not issubclass(prior, LearnedPrior):
        return None
    return prior.build(config, context, config.own_options("prior"))
