"""What every model of jets has, whatever it is trained by."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.objectives.base import Objective
from jetgen.objectives.multiplicity import collapsed_multiplicity, effective_multiplicity
from jetgen.objectives.preparation import Preparation, in_jet_frame
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.priors.base import Prior
from jetgen.priors.jets import JetDistribution, JetDraw


class JetModel(Objective):
    """The transforms of the features, the jet-level distribution, and jets made of both.

    Args:
        config: the options of the training.
        jets: number of training jets, whose jet-level distribution the model keeps.
    """

    name: ClassVar[str]
    """What the model is, in words."""

    evaluations: int = 1
    """How often the network that makes the particles is evaluated for a batch of jets."""

    def __init__(self, config: TrainConfig, jets: int) -> None:
        super().__init__()
        self.config = config
        self.preparation = Preparation(config)
        self.jets = JetDistribution(jets)

    @property
    def priors(self) -> Mapping[str, Prior]:
        """The distributions of codes to draw from, by name; none where there is no choice."""
        return {}

    def prior_evaluations(self, name: str) -> int:
        """How often a network is evaluated for a batch of codes of the prior ``name``."""
        return self.priors[name].evaluations if name in self.priors else 0

    @property
    def title(self) -> str:
        """The model in one line, for a report."""
        return f"{self.name} with the {self.config.decoder} network"

    def fit_data(self, training: ParticleCloud) -> None:
        """Fit everything that is not learned by gradient: transforms, scales, distributions."""
        self.preparation.fit(training)
        self.jets.fit(training)

    def context(self, cloud: ParticleCloud) -> Tensor:
        """The context columns ``(B, C)`` of jets in the run's representation."""
        return self.preparation.context(
            cloud.multiplicity, cloud.condition("pt"), cloud.condition("eta")
        )

    def particle_share(self, made: Tensor, jets: ParticleCloud, real: ParticleCloud) -> Tensor:
        """Distinct particles of made jets over their number in real ones ``(B,)``.

        Args:
            made: transformed features ``(B, N, F)`` of the jets.
            jets: the jets in physical units.
            real: the real jets that they stand for.
        """
        distinct = effective_multiplicity(made, jets, real)
        return distinct / real.multiplicity.clamp(min=1)

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        return collapsed_multiplicity(history)

    @abstractmethod
    def sample(
        self, jets: int, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        """Jets drawn from the model, in physical units.

        Args:
            jets: how many.
            generator: source of all randomness.
            prior: the distribution of codes, where there is a choice; the trained one by default.
        """

    def slots(self, draw: JetDraw) -> tuple[Tensor, Tensor]:
        """Mask ``(B, N)`` and context ``(B, C)`` of the jets to be made."""
        slots = torch.arange(int(draw.multiplicity.max().clamp(min=1)), device=draw.pt.device)
        context = self.preparation.context(draw.multiplicity, draw.pt, draw.eta)
        return slots < draw.multiplicity.unsqueeze(1), context

    def finish(self, particles: Tensor, mask: Tensor, draw: JetDraw, phi: Tensor) -> ParticleCloud:
        """Network features ``(B, N, F)`` as jets of the drawn pT and eta, at azimuth ``phi``."""
        blank = ParticleCloud(
            particles,
            mask,
            self.preparation.features,
            torch.stack([draw.pt, draw.eta, phi], dim=1),
            JET_KINEMATICS[:3],
        )
        jets = self.preparation.to_physical(particles, like=blank)
        return in_jet_frame(jets) if self.preparation.relative else jets


class DirectModel(JetModel):
    """A model whose particles come from noise in one go, without codes of real jets."""

    @abstractmethod
    def make(self, mask: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        """Network features ``(B, N, F)`` of jets with these particles and contexts."""

    @torch.no_grad()
    def sample(
        self, jets: int, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        draw = self.jets.draw(jets, generator)
        mask, context = self.slots(draw)
        particles = self.make(mask, context, generator)
        return self.finish(particles, mask, draw, random_azimuth(context, generator))


def random_azimuth(like: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform angles in [-pi, pi) ``(B,)``, one for each row of ``like``."""
    return torch.rand(len(like), generator=generator).to(like) * (2 * torch.pi) - torch.pi
