"""The variational autoencoder of particle clouds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.losses.constraints import efp_difference, mass_difference, pt_difference
from jetgen.losses.mixture import mixture_nll
from jetgen.networks.building import build_decoder, build_encoder
from jetgen.objectives.base import Loss, Objective
from jetgen.objectives.preparation import Preparation, in_jet_frame
from jetgen.objectives.reconstruction import reconstruction_loss
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.priors.flow import FlowPrior
from jetgen.priors.gaussian import GaussianPrior
from jetgen.priors.jets import JetDistribution, JetDraw
from jetgen.priors.multiplicity import LatentMultiplicity

CONSTRAINT_DIFFERENCES = {"mass": mass_difference, "pt": pt_difference, "efp": efp_difference}
"""The jet-level terms by the names of ``jetgen.config.train.CONSTRAINTS``."""


class Codes(NamedTuple):
    """A batch of posteriors: means and log-variances ``(B, L)``, and the context ``(B, C)``."""

    mean: Tensor
    log_variance: Tensor
    context: Tensor

    def draw(self, generator: torch.Generator) -> Tensor:
        """Codes ``(B, L)`` drawn from the posteriors."""
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.mean.dtype)
        return self.mean + (0.5 * self.log_variance).exp() * noise.to(self.mean.device)


class VAE(Objective):
    r"""Reconstruction, constraints and the Kullback-Leibler divergence to the prior.

    .. math::
        L = s\,R(x, \hat x) + w_l \Lambda(x) + \sum_k w_k \Delta_k
            + \beta\, \mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)

    with :math:`R` the mean reconstruction loss of transformed features, :math:`s` its scale,
    :math:`\Delta_k` the differences of jet-level quantities (mass, pT, EFPs), and
    :math:`\beta` rising linearly from 0 over the warm-up epochs.

    A latent code cannot say where each of a hundred soft particles is. With a likelihood weight
    :math:`w_l > 0` the decoder therefore also gives the widths of a Gaussian about every
    decoded position; :math:`\Lambda` is the negative log-likelihood of the real particles under
    their mixture (:func:`jetgen.losses.mixture.mixture_nll`), and decoded particles are drawn
    from these Gaussians, also for the jet-level terms. A weight of the typical number of
    particles makes :math:`\beta = 1` the evidence lower bound. With ``--prior-training
    joint`` the flow takes the place of the normal distribution in the KL term (one draw of z);
    otherwise the term has its closed form. With ``--multiplicity latent`` the negative
    log-likelihood of the number of particles given z is added.

    Reference:
        Auto-Encoding Variational Bayes (Kingma, Welling, 2013), arXiv:1312.6114.
        Particle-based Fast Jet Simulation at the LHC with Variational Autoencoders (Touranakou
        et al., 2022), arXiv:2203.00520.

    Args:
        config: the options of the training.
        jets: number of training jets, whose jet-level distribution the model keeps.
    """

    def __init__(self, config: TrainConfig, jets: int) -> None:
        super().__init__()
        self.config = config
        self.preparation = Preparation(config)
        features, context = len(self.preparation.features), self.preparation.context_columns
        self.encoder = build_encoder(config, features, context, 2 * config.latent)
        self.particle_noise = config.likelihood_weight > 0
        outputs = 2 * features if self.particle_noise else features
        self.decoder = build_decoder(config, outputs, context)
        self.jets = JetDistribution(jets)
        self.reconstruction = reconstruction_loss(config)
        self.multiplicity = (
            LatentMultiplicity(config.latent, config.particles, config.hidden)
            if config.multiplicity == "latent"
            else None
        )
        self.gaussian = GaussianPrior(config.latent)
        self.flow = (
            FlowPrior(
                config.latent,
                self._prior_context_columns,
                transforms=config.flow_transforms,
                hidden=config.flow_hidden,
            )
            if config.prior == "flow"
            else None
        )

    @property
    def _prior_context_columns(self) -> int:
        # The first context column is the multiplicity, which z decides when it is modelled.
        return self.preparation.context_columns - (self.config.multiplicity == "latent")

    def prior_context(self, context: Tensor) -> Tensor:
        """The context columns ``(B, C')`` that are known before z is drawn."""
        return context[:, context.shape[1] - self._prior_context_columns :]

    def fit_data(self, training: ParticleCloud) -> None:
        """Fit everything that is not learned by gradient: transforms, scales, distributions."""
        self.preparation.fit(training)
        self.jets.fit(training)

    def optimised(self) -> dict[str, Iterable[nn.Parameter]]:
        parts = [self.encoder, self.decoder, self.multiplicity]
        if self.config.prior_training == "joint":
            parts.append(self.flow)
        return {"autoencoder": [p for part in parts if part is not None for p in part.parameters()]}

    def encode(self, cloud: ParticleCloud) -> Codes:
        """Posteriors of the codes of jets in the run's representation."""
        context = self.preparation.context(
            cloud.multiplicity, cloud.condition("pt"), cloud.condition("eta")
        )
        seen = self.preparation.transforms(cloud.particles)
        mean, log_variance = self.encoder(seen, cloud.mask, context).chunk(2, dim=1)
        return Codes(mean, log_variance.clamp(-12.0, 6.0), context)

    def losses(
        self, batch: ParticleCloud, epoch: int, generator: torch.Generator
    ) -> dict[str, Loss]:
        codes = self.encode(batch)
        z = codes.draw(generator)
        decoded, log_widths = self._positions(z, batch.mask, codes.context, generator)
        target = self.preparation.transforms(batch.particles)
        parts = {"reconstruction": self.reconstruction(decoded, batch.mask, target, batch.mask)}
        total = self.config.loss_scale * parts["reconstruction"]
        if log_widths is not None:
            parts["likelihood"] = mixture_nll(decoded, log_widths, batch.mask, target, batch.mask)
            total = total + self.config.likelihood_weight * parts["likelihood"]
            decoded = _drawn(decoded, log_widths, generator)
        jets = self.preparation.to_physical(decoded, like=batch)
        for name, weight in self.config.constraint_weights().items():
            parts[name] = CONSTRAINT_DIFFERENCES[name](
                jets, batch, self.config.constraint_difference
            )
            total = total + weight * parts[name]
        parts["kl"] = self._divergence(codes, z)
        total = total + self._beta(epoch) * parts["kl"]
        if self.multiplicity is not None:
            parts["multiplicity"] = self.multiplicity.negative_log_likelihood(z, batch.multiplicity)
            total = total + parts["multiplicity"]
        return {"autoencoder": Loss(total, parts)}

    def _positions(
        self, z: Tensor, mask: Tensor, context: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        decoded = self.decoder(z, mask, context, generator)
        if not self.particle_noise:
            return decoded, None
        centres, log_widths = decoded.chunk(2, dim=2)
        return centres, log_widths.clamp(-5.0, 2.0)

    def _beta(self, epoch: int) -> float:
        return self.config.beta * min(1.0, (epoch + 1) / max(1, self.config.beta_warmup))

    def _divergence(self, codes: Codes, z: Tensor) -> Tensor:
        if self.flow is not None and self.config.prior_training == "joint":
            noise = (z - codes.mean) / (0.5 * codes.log_variance).exp()
            posterior = self.gaussian.log_prob(noise, noise) - 0.5 * codes.log_variance.sum(1)
            return posterior - self.flow.log_prob(z, self.prior_context(codes.context))
        variance = codes.log_variance.exp()
        return 0.5 * (variance + codes.mean.square() - 1 - codes.log_variance).sum(1)

    @torch.no_grad()
    def sample(
        self, jets: int, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        """Jets drawn from the model, in physical units.

        Args:
            jets: how many.
            generator: source of all randomness.
            prior: ``gaussian`` or ``flow``; the trained one by default.
        """
        distribution = self.flow if (prior or self.config.prior) == "flow" else self.gaussian
        assert distribution is not None
        draw = self.jets.draw(jets, generator)
        context = self.preparation.context(draw.multiplicity, draw.pt, draw.eta)
        z = distribution.sample(self.prior_context(context), generator)
        if self.multiplicity is not None:
            draw = draw._replace(multiplicity=self.multiplicity.draw(z, generator))
        phi = torch.rand(jets, generator=generator).to(z) * (2 * torch.pi) - torch.pi
        return self._decode(z, draw, phi, generator)

    @torch.no_grad()
    def reconstruct(self, cloud: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
        """Jets decoded from the mean codes of ``cloud`` (in the run's representation)."""
        draw = JetDraw(cloud.multiplicity, cloud.condition("pt"), cloud.condition("eta"))
        return self._decode(self.encode(cloud).mean, draw, cloud.condition("phi"), generator)

    def _decode(
        self, z: Tensor, draw: JetDraw, phi: Tensor, generator: torch.Generator
    ) -> ParticleCloud:
        slots = torch.arange(int(draw.multiplicity.max().clamp(min=1)), device=z.device)
        mask = slots < draw.multiplicity.unsqueeze(1)
        context = self.preparation.context(draw.multiplicity, draw.pt, draw.eta)
        decoded, log_widths = self._positions(z, mask, context, generator)
        if log_widths is not None:
            decoded = _drawn(decoded, log_widths, generator)
        blank = ParticleCloud(
            decoded,
            mask,
            self.preparation.features,
            torch.stack([draw.pt, draw.eta, phi], dim=1),
            JET_KINEMATICS[:3],
        )
        jets = self.preparation.to_physical(decoded, like=blank)
        return in_jet_frame(jets) if self.preparation.relative else jets


def _drawn(centres: Tensor, log_widths: Tensor, generator: torch.Generator) -> Tensor:
    """Particles drawn from Gaussians about their centres."""
    noise = torch.randn(centres.shape, generator=generator, dtype=centres.dtype)
    return centres + log_widths.exp() * noise.to(centres.device)
