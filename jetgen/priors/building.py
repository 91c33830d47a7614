"""Priors by name, from the options of a training."""

from __future__ import annotations

from jetgen.config.train import TrainConfig
from jetgen.priors.base import LearnedPrior, Prior
from jetgen.priors.discrete import DiscretePrior
from jetgen.priors.flow import FlowPrior
from jetgen.priors.flow_matching import FlowMatchingPrior
from jetgen.priors.gaussian import GaussianPrior
from jetgen.priors.mixture import MixturePrior


def build_fixed_prior(config: TrainConfig) -> Prior:
    """The prior that codes are drawn to: the one that ``config`` names, or the normal one where
    it names a prior that is learned from the codes."""
    match config.prior:
        case "mixture":
            return MixturePrior(config.latent, config.components)
        case "discrete":
            return DiscretePrior(config.latent, config.components)
        case _:
            return GaussianPrior(config.latent)


def build_learned_prior(config: TrainConfig, context: int) -> LearnedPrior | None:
    """The prior learned from the codes that ``config`` names, for ``context`` columns; or none."""
    match config.prior:
        case "flow":
            return FlowPrior(
                config.latent,
                context,
                transforms=config.flow_transforms,
                hidden=config.flow_hidden,
            )
        case "flow-matching":
            return FlowMatchingPrior(
                config.latent,
                context,
                hidden=config.flow_hidden,
                solver=config.solver,
                steps=config.solver_steps,
            )
        case _:
            return None
