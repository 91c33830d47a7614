"""The adversarial autoencoder of particle clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.losses.latent import random_directions, sliced_wasserstein
from jetgen.networks.dense import mlp
from jetgen.objectives.adversary import dead_discriminator, health
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss, Player
from jetgen.objectives.layout import Layout
from jetgen.sharing import gathered

_LAYERS = 2
"""Hidden layers of the discriminator by default."""


class AAE(Autoencoder):
    r"""The autoencoder with a discriminator between its codes and draws of the prior.

    .. math::
        \Omega = -\lambda \log D(z), \qquad
        L_D = -\log D(\tilde z) - \log\big(1 - D(z)\big), \qquad \tilde z \sim p(z)

    with one code per jet and :math:`\lambda` given by ``latent_weight``; the discriminator also
    receives the context. In each batch the discriminator is updated first, then encoder and decoder
    together.

    The adversarial term depends on both networks and does not measure the quality of either.
    Validation therefore replaces it by the sliced Wasserstein distance of the codes to the prior,
    with the same weight; the resulting total determines best epoch and patience.

    Reference:
        Adversarial Autoencoders (Makhzani, Shlens, Jaitly, Goodfellow, Frey, 2015),
        arXiv:1511.05644.
    """

    name = "Adversarial autoencoder"
    training_parts = ("encoder", "discriminator")
    stochastic = False
    works = ("Makhzani:2015",)

    def __init__(self, config: TrainConfig, layout: Layout) -> None:
        super().__init__(config, layout)
        inputs = config.latent + self._prior_context_size
        hidden = config.discriminator_hidden or config.hidden
        layers = config.discriminator_layers or _LAYERS
        self.discriminator = mlp(inputs, *[hidden] * layers, 1)

    def players(self) -> dict[str, Player]:
        critic = Player(self.discriminator.parameters(), rate=self.config.discriminator_rate)
        return {**super().players(), "discriminator": critic}

    def turns(self, step: int) -> Sequence[str]:
        *others, discriminator = self.players()
        return [discriminator, *others]

    def loss(
        self, player: str, batch: ParticleCloud, epoch: int, generator: torch.Generator
    ) -> Loss:
        if player != "discriminator":
            return super().loss(player, batch, epoch, generator)
        codes = self.encode(batch)
        drawn = self._score(self.fixed_prior.sample(codes.mean, generator), codes)
        made = self._score(codes.draw(generator), codes)
        return Loss(softplus(-drawn) + softplus(made), health(drawn, made))

    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        weight = self.config.latent_weight
        if self.training:
            adversarial = softplus(-self._score(z, codes))
            return Loss(weight * adversarial, {"adversarial": adversarial})
        wanted = self.fixed_prior.sample(z, generator)
        directions = random_directions(self.config.projections, z, generator)
        distance = sliced_wasserstein(gathered(z), gathered(wanted), directions)
        distance = distance.expand(len(z))
        return Loss(weight * distance, {"sliced_wasserstein": distance})

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        return dead_discriminator(history) or super().diagnosis(history)

    def _score(self, z: Tensor, codes: Codes) -> Tensor:
        """Logits ``(B,)`` of the discriminator, large for codes that resemble the prior."""
        return self.discriminator(torch.cat([z, self.prior_context(codes.context)], 1)).squeeze(1)
