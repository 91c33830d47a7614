"""The plain autoencoder of particle clouds."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.components import PRIORS
from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss
from jetgen.priors.base import LearnedPrior


class AE(Autoencoder):
    r"""The autoencoder with one code per jet and no latent penalty, :math:`\Omega = 0`.

    The distribution of its codes is not constrained, so jets should be generated only from a prior
    that is fitted to the codes (``prior='flow'``).

    Reference:
        Reducing the Dimensionality of Data with Neural Networks (Hinton, Salakhutdinov, 2006),
        Science 313, 504.
    """

    name = "Autoencoder"
    stochastic = False

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            config.prior == "gaussian" or issubclass(PRIORS[config.prior], LearnedPrior),
            "prior",
            "gaussian, flow or flow-matching with the objective ae, which matches its codes to no "
            "distribution",
            config.prior,
        )

    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        return Loss(z.new_zeros(len(z)), {})
