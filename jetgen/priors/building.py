"""Construction of the priors named in the options of a training."""

from __future__ import annotations

from jetgen.components import PRIORS
from jetgen.config.train import TrainConfig
from jetgen.priors.base import LearnedPrior, Prior
from jetgen.priors.gaussian import GaussianPrior


def build_fixed_prior(config: TrainConfig, context: int) -> Prior:
    """The prior of the training objective: that of ``config``, or a normal one if it is learned."""
    prior: type[Prior] = PRIORS[config.prior]
    if issubclass(prior, LearnedPrior):
        return GaussianPrior(config.latent)
    return prior.build(config, context, config.own_options("prior"))


def build_learned_prior(config: TrainConfig, context: int) -> LearnedPrior | None:
    """The prior named in ``config`` if it is learned from the codes, else None."""
    prior: type[Prior] = PRIORS[config.prior]
    if not issubclass(prior, LearnedPrior):
        return None
    return prior.build(config, context, config.own_options("prior"))
