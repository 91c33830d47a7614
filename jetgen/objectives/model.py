"""What every model of jets has, whatever it is trained by."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.component import Component
from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.datasets.loading import resampled
from jetgen.objectives.base import Objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.multiplicity import (
    collapsed_multiplicity,
    distinct_particles,
)
from jetgen.objectives.preparation import Preparation, in_jet_frame
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.priors.base import Prior
from jetgen.priors.jets import JetDistribution, JetDraw


class JetModel(Component, Objective):
    """The transforms of the features, the jet-level distribution, and jets made of both.

    The constructor takes the two arguments below, and by name the fields of :attr:`Options`.

    Args:
        config: the options of the training.
        layout: the names and sizes of the training jets.
    """

    name: ClassVar[str]
    """What the model is, in words."""

    evaluations: int = 1
    """How often the network that makes the particles is evaluated for a batch of jets."""

    def __init__(self, config: TrainConfig, layout: Layout) -> None:
        super().__init__()
        self.config, self.layout = config, layout
        self.preparation = Preparation(config, layout)
        self.jets = JetDistribution(layout.jets, [f.name for f in layout.conditions])

    @classmethod
    def parts(cls, config: TrainConfig) -> tuple[str, ...]:
        """The options whose components the model is made of."""
        return ("decoder",)

    @classmethod
    def recipe(cls, config: TrainConfig) -> dict[str, Any]:
        """Values of the options whose default depends on the objective, where none was given."""
        return {
            "prior": "gaussian",
            "constraint": [],
            "likelihood_weight": 0.0,
            "loss_scale": 100.0,
        }

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        require(
            config.discriminator is None or "discriminator" in cls.parts(config),
            "discriminator",
            f"none with the objective {config.objective}",
            config.discriminator,
        )

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
        self.preparation.fit(training, self.given(training))
        if self.config.weighted:
            training = resampled(training, torch.Generator().manual_seed(self.config.seed))
        self.jets.fit(training)

    def given(self, cloud: ParticleCloud) -> JetDraw:
        """What the model is told of jets in the run's representation."""
        names = [f.name for f in self.layout.conditions]
        if self.preparation.relative and cloud.has_condition("phi"):
            names.append("phi")
        conditions = {name: cloud.condition(name) for name in names}
        common = self.preparation.azimuth
        azimuth = None if common is None else common.of(cloud)
        return JetDraw(cloud.multiplicity, conditions, azimuth)

    def context(self, cloud: ParticleCloud) -> Tensor:
        """The context columns ``(B, C)`` of jets in the run's representation."""
        return self.preparation.context(self.given(cloud))

    def particle_share(self, made: Tensor, jets: ParticleCloud, real: ParticleCloud) -> Tensor:
        """Distinct particles of made jets over their number in real ones ``(B,)``.

        Those without momentum do not count, where there are momenta.

        Args:
            made: transformed features ``(B, N, F)`` of the jets.
            jets: the jets in physical units.
            real: the real jets that they stand for.
        """
        distinct = distinct_particles(made, self.config.kind.counted_items(jets, real))
        return distinct / real.multiplicity.clamp(min=1)

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        return collapsed_multiplicity(history)

    def draw(
        self, jets: int, generator: torch.Generator, fixed: Mapping[str, float] | None = None
    ) -> JetDraw:
        """What is known of ``jets`` new jets; relative and turned ones have a uniform azimuth.

        Args:
            jets: how many.
            generator: source of all randomness.
            fixed: conditions that all of them shall have.
        """
        draw = self.jets.draw(jets, generator, fixed)
        turned = self.preparation.azimuth is not None
        if self.preparation.relative or turned:
            turns = torch.rand(jets, generator=generator).to(draw.multiplicity.device)
            azimuth = turns * (2 * torch.pi) - torch.pi
            if turned:
                return draw._replace(azimuth=azimuth)
            draw.conditions.setdefault("phi", azimuth)
        return draw

    @abstractmethod
    def sample(
        self, draw: JetDraw, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        """Jets from the model, in physical units.

        Args:
            draw: what is known of them.
            generator: source of all randomness.
            prior: the distribution of codes, where there is a choice; the trained one by default.
        """

    def slots(self, draw: JetDraw) -> tuple[Tensor, Tensor]:
        """Mask ``(B, N)`` and context ``(B, C)`` of the jets to be made."""
        multiplicity = draw.multiplicity
        slots = torch.arange(int(multiplicity.max().clamp(min=1)), device=multiplicity.device)
        return slots < multiplicity.unsqueeze(1), self.preparation.context(draw)

    def finish(self, particles: Tensor, mask: Tensor, draw: JetDraw) -> ParticleCloud:
        """Network features ``(B, N, F)`` as jets with the conditions that were drawn."""
        columns = {f.name: f for f in (*JET_KINEMATICS, *self.layout.conditions)}
        blank = ParticleCloud(particles, mask, self.layout.features).with_conditions(
            {columns[name]: values for name, values in draw.conditions.items()}
        )
        jets = self.preparation.to_physical(particles, like=blank)
        if self.preparation.azimuth is not None and draw.azimuth is not None:
            return self.preparation.azimuth.turned_back(jets, draw.azimuth)
        return in_jet_frame(jets) if self.preparation.relative else jets


class DirectModel(JetModel):
    """A model whose particles come from noise in one go, without codes of real jets."""

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            config.prior == "gaussian" and config.multiplicity == "data",
            "objective",
            f"an autoencoder with prior={config.prior!r} and multiplicity={config.multiplicity!r}",
            config.objective,
        )

    @abstractmethod
    def make(self, mask: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        """Network features ``(B, N, F)`` of jets with these particles and contexts."""

    @torch.no_grad()
    def sample(
        self, draw: JetDraw, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        mask, context = self.slots(draw)
        return self.finish(self.make(mask, context, generator), mask, draw)
