"""The generative adversarial network of particle clouds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

from jetgen.cloud import ParticleCloud
from jetgen.config.option import option, require
from jetgen.config.train import TrainConfig
from jetgen.networks.building import build_decoder, build_discriminator
from jetgen.networks.masking import masked
from jetgen.objectives.adversary import dead_discriminator, health
from jetgen.objectives.base import Loss, Player
from jetgen.objectives.closeness import closeness
from jetgen.objectives.jet_summary import OBSERVABLES, JetSummary
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import DirectModel
from jetgen.priors.gaussian import GaussianPrior
from jetgen.sharing import drawn, gathered, shared

BETA1, BETA2 = 0.5, 0.9
"""Adam's decay rates; the first is smaller than usual, because the loss changes in training."""


_LOSS_WORKS = {
    "bce": (),
    "lsgan": ("Mao:2016",),
    "hinge": ("Lim:2017",),
    "wgan-gp": ("Gulrajani:2017",),
}


class GAN(DirectModel):
    r"""A generator of jets from the prior, and a discriminator between generated and real jets.

    The generator is the ``decoder`` network, which receives ``z`` from the normal prior. Generator
    and discriminator also receive the context; the number of particles is drawn from the data, not
    learned. The discriminator is the ``encoder`` network with one output :math:`D`. With real jets
    :math:`x` and generated jets :math:`g`, the losses are

    * ``bce``: :math:`L_D = H(D(x), y) + H(D(g), \tilde y)`, :math:`L_G = H(D(g), 1)`, or
      :math:`L_G = -H(D(g), 0)` with ``saturating``, which has nearly no gradient for jets that
      the discriminator recognises;
    * ``lsgan``: :math:`L_D = \frac12 (D(x) - y)^2 + \frac12 (D(g) - \tilde y)^2`,
      :math:`L_G = \frac12 (D(g) - 1)^2`;
    * ``hinge``: :math:`L_D = (1 - D(x))_+ + (1 + D(g))_+`, :math:`L_G = -D(g)`;
    * ``wgan-gp``: :math:`L_D = D(g) - D(x) + \lambda (|\nabla D(\hat x)| - 1)^2`,
      :math:`L_G = -D(g)`;

    with :math:`H(D, y) = \mathrm{softplus}(D) - y D` the cross-entropy of a logit. The labels of
    bce and lsgan are :math:`y = 1 - s + \sigma\epsilon`, where only real labels have the smoothing
    ``s``, and :math:`\tilde y = \sigma\epsilon`, or 0 without ``fake_label_noise``; small noise is
    added to the particles at the input of the discriminator in training. The penalty of wgan-gp is
    computed in float32 at :math:`\hat x = u x + (1 - u) g`, with ``u`` uniform and one value per
    jet, over the real particles only.

    Each batch updates the discriminator; every ``critic_steps``-th batch also updates the
    generator. The losses do not measure the quality of the jets, so best epoch and patience are
    determined by the distances of :func:`jetgen.objectives.closeness.closeness` between validation
    jets and jets generated with the averaged weights for the same contexts.

    Reference:
        Generative Adversarial Networks (Goodfellow et al., 2014), arXiv:1406.2661. Least
        Squares GAN (Mao et al., 2016), arXiv:1611.04076. Geometric GAN (Lim, Ye, 2017),
        arXiv:1705.02894. Improved Training of Wasserstein GANs (Gulrajani et al., 2017),
        arXiv:1704.00028.
    """

    name = "Generative adversarial network"
    training_parts = ("discriminator", "summary")

    @dataclass(frozen=True)
    class Options:
        saturating: bool = option(
            False, help="the generator minimises log(1 - D) instead of -log D (gan_loss bce)"
        )
        fake_label_noise: bool = option(
            True, help="whether labels of generated jets have the `label_noise`, not only real ones"
        )
        beta1: float = option(BETA1, at_least=0, below=1, help="first decay rate of Adam")

    @classmethod
    def parts(cls, config: TrainConfig) -> tuple[str, ...]:
        return "encoder" if config.discriminator is None else "discriminator", "decoder"

    @classmethod
    def further_works(cls, config: TrainConfig) -> dict[str, tuple[str, ...]]:
        return {
            f"the gan loss {config.gan_loss}": ("Goodfellow:2014", *_LOSS_WORKS[config.gan_loss])
        }

    @classmethod
    def recipe(cls, config: TrainConfig) -> dict[str, Any]:
        """That of all models, but with Adam, whose ``beta1`` is the usual one of such games."""
        return {**super().recipe(config), "optimiser": "adam"}

    def __init__(
        self,
        config: TrainConfig,
        layout: Layout,
        *,
        saturating: bool = False,
        fake_label_noise: bool = True,
        beta1: float = BETA1,
    ) -> None:
        super().__init__(config, layout)
        self.saturating, self.fake_label_noise = saturating, fake_label_noise
        self.beta1 = beta1
        features, context = self.preparation.width, self.preparation.context_size
        self.generator = build_decoder(config, features, context)
        self.summary: JetSummary | None = config.kind.summary() or None
        inputs = context if self.summary is None else context + OBSERVABLES
        self.discriminator = build_discriminator(config, features, inputs)
        self.prior = GaussianPrior(config.latent)
        self.averaging = config.average

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            config.gan_loss == "bce" or not config.own_options("objective")["saturating"],
            "gan_loss",
            "bce with objective_option saturating=true, another form of its generator's loss",
            config.gan_loss,
        )
        require(
            config.optimiser == "adam" or not config.amsgrad,
            "optimiser",
            "adam with amsgrad=true, its variant",
            config.optimiser,
        )
        require(
            not (config.compile and config.gan_loss == "wgan-gp"),
            "compile",
            "false with gan_loss wgan-gp, whose gradients of gradients torch.compile has not",
            config.compile,
        )

    def fit_data(self, training: ParticleCloud) -> None:
        super().fit_data(training)
        if self.summary is not None:
            self.summary.fit(training)

    def players(self) -> dict[str, Player]:
        def player(network: nn.Module, rate: float) -> Player:
            betas = self.beta1, BETA2
            return Player(network.parameters(), rate, betas, self.config.amsgrad)

        return {
            "generator": player(self.generator, 1.0),
            "discriminator": player(self.discriminator, self.config.discriminator_rate),
        }

    def turns(self, step: int) -> Sequence[str]:
        both = (step + 1) % self.config.critic_steps == 0
        return ["discriminator", "generator"] if both else ["discriminator"]

    def make(self, mask: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        return self.decoded(self.prior.sample(context, generator), mask, context, generator)

    def decoded(
        self, z: Tensor, mask: Tensor, context: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Network features ``(B, N, F)`` of the particles of codes ``(B, L)``."""
        made = self.preparation.with_fixed_azimuth(self.generator(z, mask, context, generator))
        discrete = self.preparation.discrete
        return discrete.draw(discrete.probabilities(made), generator)

    def loss(
        self, player: str, batch: ParticleCloud, epoch: int, generator: torch.Generator
    ) -> Loss:
        context = self.context(batch)
        made = self.make(batch.mask, context, generator)
        fake = self._score_with_noise(made, batch, context, generator)
        if player == "generator":
            return Loss(self._generator_loss(fake), {})
        target = self.preparation.to_network(batch)
        real = self._score_with_noise(target, batch, context, generator)
        total, parts = self._discriminator_loss(real, fake, generator), health(real, fake)
        if self.config.gan_loss == "wgan-gp":
            parts["gradient_penalty"] = self.gradient_penalty(
                target, made, batch, context, generator
            )
            total = total + self.config.gradient_penalty * parts["gradient_penalty"]
        return Loss(total, parts)

    def _score_with_noise(
        self, particles: Tensor, like: ParticleCloud, context: Tensor, generator: torch.Generator
    ) -> Tensor:
        noise = drawn(torch.randn, particles.shape, generator=generator).to(particles)
        return self._score(particles + self.config.input_noise * noise, like, context)

    def _score(self, particles: Tensor, like: ParticleCloud, context: Tensor) -> Tensor:
        """The discriminator's outputs ``(B,)`` for particles in the slots of ``like``."""
        if self.summary is not None:
            summary = self.summary(self.preparation.to_physical(particles, like))
            context = torch.cat([context, summary], dim=1)
        return self.discriminator(masked(particles, like.mask), like.mask, context).squeeze(1)

    def _generator_loss(self, fake: Tensor) -> Tensor:
        match self.config.gan_loss:
            case "bce":
                return -softplus(fake) if self.saturating else softplus(-fake)
            case "lsgan":
                return 0.5 * (fake - 1).square()
            case "hinge" | "wgan-gp":
                return -fake

    def _discriminator_loss(self, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        match self.config.gan_loss:
            case "hinge":
                return relu(1 - real) + relu(1 + fake)
            case "wgan-gp":
                return fake - real
        noise = drawn(torch.randn, (2, len(real)), dim=1, generator=generator)
        noise = self.config.label_noise * noise
        real_label = 1 - self.config.label_smoothing + noise[0].to(real)
        fake_label = self.fake_label_noise * noise[1].to(fake)
        if self.config.gan_loss == "bce":
            return softplus(real) - real_label * real + softplus(fake) - fake_label * fake
        return 0.5 * (real - real_label).square() + 0.5 * (fake - fake_label).square()

    def gradient_penalty(
        self,
        real: Tensor,
        made: Tensor,
        like: ParticleCloud,
        context: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """``(|grad D| - 1)^2`` ``(B,)`` between real and generated particles ``(B, N, F)``."""
        u = drawn(torch.rand, (len(real), 1, 1), generator=generator).to(real)
        with torch.autocast(real.device.type, enabled=False):
            between = (u * real + (1 - u) * made).detach().float().requires_grad_()
            output = self._score(between, like, context.float()).sum()
            (slope,) = torch.autograd.grad(output, between, create_graph=True)
            norm = (masked(slope, like.mask).square().sum((1, 2)) + 1e-12).sqrt()
        return (norm - 1).square()

    @torch.no_grad()
    def validate(
        self, batches: Iterable[ParticleCloud], epochs: int, generator: torch.Generator
    ) -> dict[str, float]:
        real = ParticleCloud.concatenate(list(batches))
        with shared(real) as (part, _):
            own = self.make(part.mask, self.context(part), generator).float()
            made = gathered(own)
        seen = self.preparation.to_network(real)
        jets = self.preparation.to_physical(made, like=real)
        share = float(self.particle_share(made, jets, real).mean())
        names = self.preparation.discrete.names
        distances = closeness(jets, real, made, seen, names=names, kind=self.config.kind)
        return {**distances, "particle_share": share}

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        saturates = self.config.gan_loss != "wgan-gp"
        return dead_discriminator(history, saturates) or super().diagnosis(history)
