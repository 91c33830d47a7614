"""The variational autoencoder of particle clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from jetgen.components import PRIORS
from jetgen.config.option import option, require
from jetgen.config.train import TrainConfig
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss, Player
from jetgen.objectives.layout import Layout
from jetgen.priors.base import LearnedPrior, Prior
from jetgen.priors.conditional import ConditionalGaussianPrior
from jetgen.priors.gaussian import GaussianPrior
from jetgen.sharing import gathered

COLLAPSED, PATIENCE = 0.1, 10
"""Divergence [nats] below which a code counts as collapsed, and number of consecutive epochs."""


class VAE(Autoencoder):
    r"""The autoencoder with the Kullback-Leibler divergence of its posteriors to the prior.

    .. math::
        \Omega = \beta\, \mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big), \qquad
        \mathrm{KL} = \tfrac12 \sum_i \left(\sigma_i^2 + \mu_i^2 - 1 - \log \sigma_i^2\right)

    :math:`\beta` rises linearly from 0 over the warm-up epochs. With free bits :math:`\lambda > 0`
    every latent dimension may carry :math:`\lambda` nats, on average over the batch, at no cost:
    its term is :math:`\max(\lambda, \overline{\mathrm{KL}}_i)`. With ``prior_training='joint'`` the
    flow replaces the normal distribution and the term is the difference of log-densities at one
    draw of z; the same holds for a mixture.

    With ``condition_kl`` :math:`\gamma > 0` the loss has one term more,
    :math:`\gamma\,\mathrm{KL}\big(q(z \mid x) \,\|\, p(z \mid c)\big)`, to a normal distribution
    whose means and widths a network predicts from the number of particles and the conditions ``c``
    (:class:`~jetgen.priors.conditional.ConditionalGaussianPrior`). It is one more prior to generate
    from, ``conditional``.

    Reference:
        Auto-Encoding Variational Bayes (Kingma, Welling, 2013), arXiv:1312.6114.
        beta-VAE (Higgins et al., ICLR 2017). Improving Variational Inference with Inverse
        Autoregressive Flow (Kingma et al., 2016), arXiv:1606.04934 (free bits).
        Particle-based Fast Jet Simulation at the LHC with Variational Autoencoders (Touranakou
        et al., 2022), arXiv:2203.00520.
    """

    name = "Variational autoencoder"
    stochastic = True
    works = ("Kingma:2013", "Touranakou:2022")

    @dataclass(frozen=True)
    class Options:
        condition_kl: float = option(
            0.0,
            at_least=0,
            help="weight of a second Kullback-Leibler term: from the posterior to a normal prior "
            "whose means and widths a network predicts from the conditions, which "
            "`prior='conditional'` then generates from",
        )

    def __init__(self, config: TrainConfig, layout: Layout, *, condition_kl: float = 0.0) -> None:
        super().__init__(config, layout)
        self.condition_kl = condition_kl
        size = self._prior_context_size
        self.condition_prior = (
            ConditionalGaussianPrior(config.latent, size, config.hidden) if condition_kl else None
        )

    @property
    def priors(self) -> dict[str, Prior]:
        own = {} if self.condition_prior is None else {"conditional": self.condition_prior}
        return {**super().priors, **own}

    def players(self) -> dict[str, Player]:
        players = super().players()
        if self.condition_prior is not None:
            both = [*players["autoencoder"].parameters, *self.condition_prior.parameters()]
            players["autoencoder"] = players["autoencoder"]._replace(parameters=both)
        return players

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        prior = PRIORS[config.prior]
        learned = issubclass(prior, LearnedPrior)
        require(
            learned or prior.has_density,
            "prior",
            "a prior with a density with the objective vae (gaussian, mixture, flow, "
            "flow-matching); discrete works with wae, swae and aae",
            config.prior,
        )
        joint = learned and prior.has_density and config.prior_training == "joint"
        require(
            not config.free_bits or not (joint or (not learned and prior is not GaussianPrior)),
            "free_bits",
            "0 with a mixture or a joint flow as prior, whose divergence has no term for each "
            "column",
            config.free_bits,
        )

    @classmethod
    def further_works(cls, config: TrainConfig) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        if config.beta != 1:
            found[f"a Kullback-Leibler weight of {config.beta:g}"] = ("Higgins:2017",)
        if config.free_bits:
            found["free bits"] = ("Kingma:2016",)
        return found

    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        loss = self._divergence(codes, z, epoch)
        if self.condition_prior is None:
            return loss
        context = self.prior_context(codes.context)
        kl = self.condition_prior.divergence(codes.mean, codes.log_variance, context)
        total = loss.total + self.condition_kl * self._warmth(epoch) * kl
        return Loss(total, {**loss.parts, "condition_kl": kl})

    def _divergence(self, codes: Codes, z: Tensor, epoch: int) -> Loss:
        """The weighted divergence to the prior."""
        prior = self.joint_prior or self.fixed_prior
        if not isinstance(prior, GaussianPrior):
            posterior = Normal(codes.mean, (0.5 * codes.log_variance).exp()).log_prob(z).sum(1)
            kl = posterior - prior.log_prob(z, self.prior_context(codes.context))
            return Loss(self._beta(epoch) * kl, {"kl": kl})
        variance = codes.log_variance.exp()
        divergences = 0.5 * (variance + codes.mean.square() - 1 - codes.log_variance)  # (B, L)
        kl = divergences.sum(1)
        cost = kl
        if self.config.free_bits:
            free = gathered(divergences).mean(0).clamp(min=self.config.free_bits).sum()
            cost = free.expand(len(kl))
        return Loss(self._beta(epoch) * cost, {"kl": kl})

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        warm = [row for row in history if int(row["epoch"]) > self.config.beta_warmup]
        recent = [float(row["train_kl"]) for row in warm[-PATIENCE:]]
        if self.config.beta == 0 or len(recent) < PATIENCE or max(recent) > COLLAPSED:
            return super().diagnosis(history)
        return (
            f"posterior collapse: for {PATIENCE} epochs a code has carried less than {COLLAPSED} "
            "nats about its jet, so that the decoder ignores it; try a smaller `beta`, a "
            "longer `beta_warmup`, free_bits=0.1, or larger weights of the reconstruction"
        )

    def _beta(self, epoch: int) -> float:
        return self.config.beta * self._warmth(epoch)

    def _warmth(self, epoch: int) -> float:
        return min(1.0, (epoch + 1) / max(1, self.config.beta_warmup))
