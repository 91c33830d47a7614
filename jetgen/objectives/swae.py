"""The sliced-Wasserstein autoencoder of particle clouds."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.config.train import TrainConfig
from jetgen.losses.latent import random_directions, sliced_wasserstein
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss
from jetgen.objectives.multiplicity import require_given_multiplicity
from jetgen.sharing import gathered


class SWAE(Autoencoder):
    r"""The autoencoder with the sliced Wasserstein distance of its codes to the prior.

    .. math:: \Omega = \lambda\, \mathrm{SW}_2^2\big(\{z\}, \{\tilde z\}\big),
              \qquad \tilde z \sim p(z)

    over ``projections`` random directions, drawn again for every batch, with one code per jet and
    :math:`\lambda` given by ``latent_weight``.

    Reference:
        Sliced-Wasserstein Autoencoder (Kolouri, Pope, Martin, Rohde, 2018), arXiv:1804.01947.
    """

    name = "Sliced-Wasserstein autoencoder"
    stochastic = False
    works = ("Kolouri:2018",)

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require_given_multiplicity(config)

    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        wanted = self.fixed_prior.sample(z, generator)
        directions = random_directions(self.config.projections, z, generator)
        distance = sliced_wasserstein(gathered(z), gathered(wanted), directions)
        distance = distance.expand(len(z))
        return Loss(self.config.latent_weight * distance, {"sliced_wasserstein": distance})
