"""The codes of a trained autoencoder beside those of its prior."""

from __future__ import annotations

import torch

from jetgen.cloud import ParticleCloud
from jetgen.metrics.latent import LatentSpace
from jetgen.runs.trained_model import TrainedModel


def latent_space(model: TrainedModel, jets: ParticleCloud, seed: int = 1) -> LatentSpace:
    """The codes of ``jets`` (in the run's representation) beside as many of the prior.

    Raises:
        InputError: when the model is no autoencoder.
    """
    codes = model.codes(jets)
    return LatentSpace(
        codes.mean,
        codes.log_variance,
        codes.draw(torch.Generator().manual_seed(seed)),
        model.prior_codes(codes.context, seed),
        model.priors[model.config.prior],
    )
