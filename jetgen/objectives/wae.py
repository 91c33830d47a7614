"""The Wasserstein autoencoder of particle clouds with a kernel penalty."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.config.train import TrainConfig
from jetgen.losses.latent import mmd
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss
from jetgen.objectives.multiplicity import require_given_multiplicity
from jetgen.sharing import gathered


class WAE(Autoencoder):
    r"""The autoencoder with the maximum mean discrepancy of its codes to the prior.

    .. math:: \Omega = \lambda\, \mathrm{MMD}_k^2\big(\{z\}, \{\tilde z\}\big),
              \qquad \tilde z \sim p(z)

    with one code per jet, as many draws of the prior as jets in the batch, and :math:`\lambda`
    given by ``latent_weight``. Batches contain jets of similar multiplicity, so that the codes
    follow the prior at every multiplicity, which the decoder receives.

    Reference:
        Wasserstein Auto-Encoders (Tolstikhin, Bousquet, Gelly, Schoelkopf, 2017),
        arXiv:1711.01558.
    """

    name = "Wasserstein autoencoder"
    stochastic = False
    works = ("Tolstikhin:2017", "Gretton:2012")

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require_given_multiplicity(config)

    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        wanted = self.fixed_prior.sample(z, generator)
        distance = mmd(gathered(z), gathered(wanted), self.config.mmd_kernel).expand(len(z))
        return Loss(self.config.latent_weight * distance, {"mmd": distance})
