"""Base class of autoencoders of particle clouds, which differ in their latent penalty."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from jetgen.cloud import ParticleCloud
from jetgen.components import CONSTRAINTS, LOSSES
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.losses.mixture import mixture_nll, one_to_one_nll
from jetgen.networks.building import build_decoder, build_encoder
from jetgen.networks.masking import masked
from jetgen.objectives.base import Loss, Player
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.objectives.reconstruction import reconstruction_loss
from jetgen.objectives.weaknesses import collapsed, worse_than_gaussian
from jetgen.priors.base import LearnedPrior, Prior
from jetgen.priors.building import build_fixed_prior, build_learned_prior
from jetgen.priors.jets import JetDraw
from jetgen.priors.multiplicity import LatentMultiplicity
from jetgen.sharing import drawn

_LOG_WIDTH = -0.7
"""Logarithm of the width of probabilities of levels in a likelihood, about that of a coin."""


class Codes(NamedTuple):
    """A batch of posteriors: means and log-variances ``(B, L)``, and the context ``(B, C)``.

    The log-variances of deterministic codes are minus infinity.
    """

    mean: Tensor
    log_variance: Tensor
    context: Tensor

    def draw(self, generator: torch.Generator) -> Tensor:
        """Codes ``(B, L)`` drawn from the posteriors."""
        noise = drawn(torch.randn, self.mean.shape, generator=generator, dtype=self.mean.dtype)
        return self.mean + (0.5 * self.log_variance).exp() * noise.to(self.mean.device)


class Autoencoder(JetModel):
    r"""Reconstruction and constraints, plus a subclass-specific latent penalty.

    .. math::
        L = s\,R(x, \hat x) + w_l \Lambda(x) + \sum_k w_k \Delta_k + \Omega(z)

    with :math:`R` the mean reconstruction loss of transformed features, :math:`s` its scale,
    :math:`\Delta_k` the differences of jet-level quantities (mass, pT, EFPs), and
    :math:`\Omega` the :meth:`penalty`.

    A latent code cannot encode the positions of a hundred soft particles. With a likelihood weight
    :math:`w_l > 0` the decoder therefore also predicts the widths of a Gaussian about every decoded
    position; :math:`\Lambda` is the negative log-likelihood of the real particles under their
    mixture (:func:`jetgen.losses.mixture.mixture_nll`), or with each particle from a Gaussian of
    its own (``likelihood='one-to-one'``, :func:`~jetgen.losses.mixture.one_to_one_nll`). Decoded
    particles are drawn from these Gaussians, also for the jet-level terms; generated and
    reconstructed ones with ``width_scale`` times the widths. If the weight is the
    typical number of particles, the total with a Kullback-Leibler term of weight 1 is the evidence
    lower bound. With
    ``multiplicity='latent'`` the negative log-likelihood of the number of particles given z is
    added.

    With ``code_step`` :math:`\Delta > 0` the decoder receives
    :math:`\Delta\,\mathrm{round}(z / \Delta)` in place of :math:`z`, also in generation; the
    gradient of the rounding is that of the identity.

    Of a discrete column of a table the decoder predicts the probabilities of its levels. Their
    squared differences to the one-hot vector enter the reconstruction loss as those of the other
    features do (the Brier score, a proper score); generated levels are drawn from them.

    Args:
        config: the options of the training.
        layout: names and sizes of the training jets.
    """

    training_parts: ClassVar[tuple[str, ...]] = ("encoder",)

    stochastic: ClassVar[bool]
    """Whether a jet has a posterior with widths instead of one code."""

    @classmethod
    def parts(cls, config: TrainConfig) -> tuple[str, ...]:
        return "encoder", "decoder", "loss", "constraint", "prior"

    @classmethod
    def recipe(cls, config: TrainConfig) -> dict[str, Any]:
        """A flow prior, a term for the jet mass and, with losses between sets, a likelihood.

        They are the ones with the best jets of ``docs/results.md`` for equal time.
        """
        jets = config.kind.momenta
        weight = 50.0 if jets and not LOSSES[config.loss].ordered else 0.0
        chosen = weight if config.likelihood_weight is None else config.likelihood_weight
        return {
            "prior": "flow",
            "constraint": ["mass=2"] if jets else [],
            "likelihood_weight": weight,
            "loss_scale": 10.0 if chosen else 100.0,
            "optimiser": "muon",
        }

    def __init__(self, config: TrainConfig, layout: Layout) -> None:
        super().__init__(config, layout)
        features, context = self.preparation.width, self.preparation.context_size
        outputs = 2 * config.latent if self.stochastic else config.latent
        self.encoder = build_encoder(config, features, context, outputs)
        self.particle_noise = config.likelihood_weight > 0
        outputs = 2 * features if self.particle_noise else features
        self.decoder = build_decoder(config, outputs, context)
        self.reconstruction = reconstruction_loss(config)
        if self.reconstruction.unit_features:
            self._require_unit_features()
        self.multiplicity = (
            LatentMultiplicity(config.latent, config.particles, config.hidden)
            if config.multiplicity == "latent"
            else None
        )
        self.fixed_prior = build_fixed_prior(config, self._prior_context_size)
        self.learned_prior = build_learned_prior(config, self._prior_context_size)

    @property
    def title(self) -> str:
        options = self.config
        return (
            f"{self.name} ({options.encoder}–{options.decoder}) with the {options.loss} loss, "
            f"{options.latent} latent dimensions and the {self.priors[options.prior].title} prior"
        )

    def _require_unit_features(self) -> None:
        last = self.preparation.transforms.last_steps
        others = [name for name, step in last.items() if step != "unit"]
        if others:
            raise InputError(
                f"loss={self.config.loss!r}: expected features transformed to [0, 1], received "
                f"{', '.join(f'{name} ending in {last[name]}' for name in others)}; add "
                f"transform={[f'{name}=unit' for name in others]}, or append +unit to them"
            )

    @property
    def has_encoder(self) -> bool:
        """Whether the model has an encoder; one that can only generate has none."""
        return self._modules["encoder"] is not None

    @property
    def _prior_context_size(self) -> int:
        # The first context variable is the multiplicity, which z determines if it is modelled.
        return self.preparation.context_size - (self.config.multiplicity == "latent")

    def prior_context(self, context: Tensor) -> Tensor:
        """The context variables ``(B, C')`` that are available before z is drawn."""
        return context[:, context.shape[1] - self._prior_context_size :]

    @property
    def joint_prior(self) -> LearnedPrior | None:
        """The learned prior whose density is part of the autoencoder's loss, if any.

        There is one if both are trained jointly and jets have posteriors. Codes without widths
        would collapse to a point, where the density can grow without bound.
        """
        prior = self.learned_prior if self.config.prior_training == "joint" else None
        return prior if prior is not None and prior.has_density and self.stochastic else None

    @property
    def following_prior(self) -> LearnedPrior | None:
        """The learned prior that is fitted to the codes during training without changing them."""
        jointly = self.config.prior_training == "joint" and self.joint_prior is None
        return self.learned_prior if jointly else None

    def players(self) -> dict[str, Player]:
        parts: list[nn.Module | None]
        parts = [self.encoder, self.decoder, self.multiplicity, self.joint_prior]
        parameters = [p for part in parts if part is not None for p in part.parameters()]
        players = {"autoencoder": Player(parameters)}
        if self.following_prior is not None:
            players["prior"] = Player(self.following_prior.parameters(), muon=False)
        return players

    @property
    def priors(self) -> dict[str, Prior]:
        """The priors that jets can be generated from, by name; the first is used in training."""
        fixed = self.fixed_prior
        if self.learned_prior is None:
            return {self.config.prior: fixed}
        return {self.config.prior: self.learned_prior, "gaussian": fixed}

    @abstractmethod
    def penalty(self, codes: Codes, z: Tensor, epoch: int, generator: torch.Generator) -> Loss:
        """The weighted latent penalty, and its parts for the log.

        Args:
            codes: the posteriors of a batch.
            z: codes ``(B, L)`` drawn from them.
            epoch: number of completed epochs.
            generator: source of noise.
        """

    def encode(self, cloud: ParticleCloud) -> Codes:
        """Posteriors of the codes of jets in the representation of the run."""
        return self._posteriors(cloud, self.preparation.to_network(cloud))

    def _posteriors(self, cloud: ParticleCloud, seen: Tensor) -> Codes:
        """:meth:`encode` for jets with given transformed features ``(B, N, F)``."""
        context = self.context(cloud)
        outputs = self.encoder(seen, cloud.mask, context)
        if not self.stochastic:
            codes = self.fixed_prior.constrain(outputs)
            return Codes(codes, torch.full_like(codes, -torch.inf), context)
        mean, log_variance = outputs.chunk(2, dim=1)
        return Codes(mean, log_variance.clamp(-12.0, 6.0), context)

    def loss(
        self, player: str, batch: ParticleCloud, epoch: int, generator: torch.Generator
    ) -> Loss:
        if player == "prior" and self.following_prior is not None:
            return self._fit_prior(self.following_prior, batch, generator)
        target = self.preparation.to_network(batch)
        codes = self._posteriors(batch, target)
        z = codes.draw(generator)
        decoded, log_widths = self._positions(z, batch.mask, codes.context, generator)
        parts = {"reconstruction": self.reconstruction(decoded, batch.mask, target, batch.mask)}
        total = self.config.loss_scale * parts["reconstruction"]
        if log_widths is not None:
            parts["likelihood"] = (
                one_to_one_nll(decoded, log_widths, target, batch.mask)
                if self.config.likelihood == "one-to-one"
                else mixture_nll(decoded, log_widths, batch.mask, target, batch.mask)
            )
            total = total + self.config.likelihood_weight * parts["likelihood"]
            decoded = self._noisy(decoded, log_widths, generator)
        jets = self.preparation.to_physical(decoded, like=batch)
        for name, weight in self.config.constraint_weights().items():
            parts[name] = CONSTRAINTS[name](jets, batch, self.config.constraint_difference)
            total = total + weight * parts[name]
        penalty = self.penalty(codes, z, epoch, generator)
        parts |= penalty.parts
        total = total + penalty.total
        if self.multiplicity is not None:
            likelihood = self.multiplicity.negative_log_likelihood(z, batch.multiplicity)
            parts["multiplicity_likelihood"] = likelihood
            total = total + likelihood
        if not self.training:
            parts["particle_share"] = self.particle_share(decoded, jets, batch)
            if self.multiplicity is not None:
                drawn = self.multiplicity.draw(z, generator)
                parts["particle_share"] *= drawn / batch.multiplicity.clamp(min=1)
        return Loss(total, parts)

    @torch.no_grad()
    def findings(
        self,
        history: Sequence[Mapping[str, Any]],
        batches: Iterable[ParticleCloud],
        generator: torch.Generator,
    ) -> dict[str, str]:
        parts = [self.encode(batch) for batch in batches]
        codes = Codes(*(torch.cat(parts) for parts in zip(*parts, strict=True)))
        found = collapsed(codes.mean) if self.stochastic else {}
        if self.config.prior_training == "joint":
            found |= self.prior_findings(codes, generator)
        return found

    def prior_findings(self, codes: Codes, generator: torch.Generator) -> dict[str, str]:
        """Weaknesses of the learned prior for these codes."""
        if self.learned_prior is None:
            return {}
        z, context = codes.draw(generator), self.prior_context(codes.context)
        return worse_than_gaussian(self.learned_prior, self.fixed_prior, z, context, generator)

    def _fit_prior(
        self, prior: LearnedPrior, batch: ParticleCloud, generator: torch.Generator
    ) -> Loss:
        with torch.no_grad():
            codes = self.encode(batch)
            z = codes.draw(generator)
        if self.training:
            prior.follow_scale(z)
        return Loss(prior.loss(z, self.prior_context(codes.context), generator), {})

    def _positions(
        self, z: Tensor, mask: Tensor, context: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        decoded = self.decoder(_rounded(z, self.config.code_step), mask, context, generator)
        discrete = self.preparation.discrete
        centres, log_widths = decoded.chunk(2, dim=2) if self.particle_noise else (decoded, None)
        if discrete.levels or self.reconstruction.unit_features:
            numbers = centres.float().sigmoid() if self.reconstruction.unit_features else centres
            centres = masked(discrete.probabilities(centres, numbers), mask)
        if log_widths is None:
            return centres, None
        return centres, discrete.filled(log_widths.clamp(-5.0, 2.0), _LOG_WIDTH)

    @torch.no_grad()
    def prior_codes(
        self, context: Tensor, generator: torch.Generator, prior: str | None = None
    ) -> Tensor:
        """Codes ``(B, L)`` drawn from one of :attr:`priors` for a context ``(B, C)``."""
        distribution = self.priors[prior or self.config.prior]
        return distribution.sample(self.prior_context(context), generator)

    @torch.no_grad()
    def sample(
        self, draw: JetDraw, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        """Jets decoded from codes drawn from one of :attr:`priors`, in physical units."""
        context = self.preparation.context(draw)
        z = self.prior_codes(context, generator, prior)
        if self.multiplicity is not None:
            draw = draw._replace(multiplicity=self.multiplicity.draw(z, generator))
        return self.decode(z, draw, generator)

    @torch.no_grad()
    def reconstruct(self, cloud: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
        """Jets decoded from the mean codes of ``cloud`` (in the representation of the run).

        Discrete columns have their most probable levels.
        """
        codes = self.encode(cloud).mean
        return self.decode(codes, self.conditioning_of(cloud), generator, likeliest=True)

    def decode(
        self, z: Tensor, draw: JetDraw, generator: torch.Generator, *, likeliest: bool = False
    ) -> ParticleCloud:
        """Jets decoded from codes ``(B, L)``, in physical units.

        Args:
            z: the codes.
            draw: multiplicity and conditions of the jets.
            generator: source of noise, for decoders that use noise, and of discrete columns.
            likeliest: whether discrete columns have their most probable levels, not drawn ones.
        """
        mask, context = self.slots(draw)
        made = self.decoded(z, mask, context, generator, likeliest=likeliest)
        return self.to_jets(made, mask, draw)

    def decoded(
        self,
        z: Tensor,
        mask: Tensor,
        context: Tensor,
        generator: torch.Generator,
        *,
        likeliest: bool = False,
    ) -> Tensor:
        """Network features ``(B, N, W)`` of particles drawn for codes ``(B, L)``."""
        made, log_widths = self._positions(z, mask, context, generator)
        if log_widths is not None:
            scaled = log_widths + math.log(self.config.width_scale)
            made = self._noisy(made, scaled, generator)
        return made if likeliest else self.preparation.discrete.draw(made, generator)

    def _noisy(self, centres: Tensor, log_widths: Tensor, generator: torch.Generator) -> Tensor:
        """Particles drawn from Gaussians about the centres; probabilities of levels are kept."""
        noise = drawn(torch.randn, centres.shape, generator=generator, dtype=centres.dtype)
        noise = self.preparation.discrete.filled(noise.to(centres.device), 0.0)
        return centres + log_widths.exp() * noise


def _rounded(z: Tensor, step: float) -> Tensor:
    """Codes rounded to multiples of ``step``, with the gradient of ``z``; ``z`` for a step of 0."""
    return z + ((z / step).round() * step - z).detach() if step else z
