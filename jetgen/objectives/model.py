"""Base classes of all models of jets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from jetgen.sharing import drawn


class JetModel(Component, Objective):
    """A model of jets: feature transforms, jet-level distribution, and generation of jets.

    The constructor takes the two arguments below, and the fields of :attr:`Options` by name.

    Args:
        config: the options of the training.
        layout: names and sizes of the training jets.
    """

    name: ClassVar[str]
    """Name of the model for reports."""

    has_paths: ClassVar[bool] = False
    """Whether jets are moved along paths from noise, which ``coupling`` and ``solver`` choose."""

    training_parts: ClassVar[tuple[str, ...]] = ()
    """Names of the networks that only training needs, not generation."""

    evaluations: int = 1
    """Number of evaluations of the generating network per batch of jets."""

    def __init__(self, config: TrainConfig, layout: Layout) -> None:
        super().__init__()
        self.config, self.layout = config, layout
        self.preparation = Preparation(config, layout)
        self.jets = JetDistribution(layout.jets, [f.name for f in layout.conditions])

    @classmethod
    def parts(cls, config: TrainConfig) -> tuple[str, ...]:
        """Names of the options whose components the model uses."""
        return ("decoder",)

    @classmethod
    def recipe(cls, config: TrainConfig) -> dict[str, Any]:
        """Values of the options whose default depends on the objective, where none was given."""
        return {
            "prior": "gaussian",
            "constraint": [],
            "likelihood_weight": 0.0,
            "loss_scale": 100.0,
            "optimiser": "muon",
        }

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        require(
            config.discriminator is None or "discriminator" in cls.parts(config),
            "discriminator",
            f"none with the objective {config.objective}",
            config.discriminator,
        )
        require(
            config.coupling == "independent" or cls.has_paths,
            "coupling",
            f"independent with the objective {config.objective}, which has no paths from noise",
            config.coupling,
        )
        require(
            config.likelihood == "mixture" or bool(config.likelihood_weight),
            "likelihood",
            "a likelihood_weight above 0 with it",
            config.likelihood,
        )

    @property
    def priors(self) -> Mapping[str, Prior]:
        """The distributions of codes to draw from, by name; empty if there is no choice."""
        return {}

    def prior_evaluations(self, name: str) -> int:
        """Number of network evaluations per batch of codes of the prior ``name``."""
        return self.priors[name].evaluations if name in self.priors else 0

    def remove(self, parts: Iterable[str]) -> None:
        """Remove some of the :attr:`training_parts`; the model then can only generate."""
        for name in parts:
            setattr(self, name, None)

    @property
    def title(self) -> str:
        """The model in one line for reports."""
        return f"{self.name} with the {self.config.decoder} network"

    def fit_data(self, training: ParticleCloud) -> None:
        """Fit everything that is not trained by gradient: transforms, scales, distributions."""
        self.preparation.fit(training, self.conditioning_of(training))
        if self.config.weighted:
            training = resampled(training, torch.Generator().manual_seed(self.config.seed))
        self.jets.fit(training)

    def fit_streamed(self, passes: Callable[[], Iterable[ParticleCloud]]) -> None:
        """Fit the feature transforms to all training jets, each call of ``passes`` once through.

        It follows :meth:`fit_data` with a sample of jets that do not fit into memory.
        """
        self.preparation.fit_streamed(
            lambda: ((cloud, self.conditioning_of(cloud)) for cloud in passes())
        )

    def conditioning_of(self, cloud: ParticleCloud) -> JetDraw:
        """Multiplicity and conditions of jets in the representation of the run."""
        names = [f.name for f in self.layout.conditions]
        if self.preparation.relative and cloud.has_condition("phi"):
            names.append("phi")
        conditions = {name: cloud.condition(name) for name in names}
        common = self.preparation.azimuth
        azimuth = None if common is None else common.of(cloud)
        return JetDraw(cloud.multiplicity, conditions, azimuth)

    def context(self, cloud: ParticleCloud) -> Tensor:
        """The context ``(B, C)`` of jets in the representation of the run."""
        return self.preparation.context(self.conditioning_of(cloud))

    def particle_share(self, made: Tensor, jets: ParticleCloud, real: ParticleCloud) -> Tensor:
        """Number of distinct particles in generated jets over that in real jets ``(B,)``.

        Particles without momentum do not count, if there are momenta.

        Args:
            made: transformed features ``(B, N, F)`` of the generated jets.
            jets: the generated jets in physical units.
            real: the corresponding real jets.
        """
        distinct = distinct_particles(made, self.config.kind.counted_items(jets, real))
        return distinct / real.multiplicity.clamp(min=1)

    def diagnosis(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        return collapsed_multiplicity(history)

    def draw(
        self, jets: int, generator: torch.Generator, fixed: Mapping[str, float] | None = None
    ) -> JetDraw:
        """Draw multiplicity and conditions of ``jets`` new jets.

        Args:
            jets: number of jets.
            generator: source of randomness.
            fixed: values of conditions that are common to all jets.
        """
        draw = self.jets.draw(jets, generator, fixed)
        turned = self.preparation.azimuth is not None
        if self.preparation.relative or turned:
            turns = drawn(torch.rand, (jets,), generator=generator).to(draw.multiplicity.device)
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
            draw: multiplicity and conditions of the jets.
            generator: source of randomness.
            prior: the distribution of codes, if there is a choice; by default the trained one.
        """

    def slots(self, draw: JetDraw) -> tuple[Tensor, Tensor]:
        """Mask ``(B, N)`` and context ``(B, C)`` of the jets to be generated."""
        multiplicity = draw.multiplicity
        slots = torch.arange(int(multiplicity.max().clamp(min=1)), device=multiplicity.device)
        return slots < multiplicity.unsqueeze(1), self.preparation.context(draw)

    def to_jets(self, particles: Tensor, mask: Tensor, draw: JetDraw) -> ParticleCloud:
        """Convert network features ``(B, N, W)`` to jets with the drawn conditions."""
        features = {f.name: f for f in (*JET_KINEMATICS, *self.layout.conditions)}
        empty = particles.new_zeros(*mask.shape, len(self.layout.features))
        blank = ParticleCloud(empty, mask, self.layout.features).with_conditions(
            {features[name]: values for name, values in draw.conditions.items()}
        )
        jets = self.preparation.to_physical(particles, like=blank)
        if self.preparation.azimuth is not None and draw.azimuth is not None:
            return self.preparation.azimuth.rotated_back(jets, draw.azimuth)
        return in_jet_frame(jets) if self.preparation.relative else jets


class DirectModel(JetModel):
    """A model that generates particles from noise directly, without codes of real jets."""

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
        """Generate network features ``(B, N, F)`` of jets with these masks and contexts."""

    @torch.no_grad()
    def sample(
        self, draw: JetDraw, generator: torch.Generator, prior: str | None = None
    ) -> ParticleCloud:
        mask, context = self.slots(draw)
        return self.to_jets(self.make(mask, context, generator), mask, draw)
