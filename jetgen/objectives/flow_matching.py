"""Conditional flow matching of particle clouds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.components import DECODERS
from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.networks.building import build_velocity
from jetgen.networks.integration import function_evaluations, integrate
from jetgen.networks.masking import masked
from jetgen.networks.paths import straight_path
from jetgen.networks.sets import SetDecoder
from jetgen.objectives.base import Loss, Player
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import DirectModel
from jetgen.objectives.weaknesses import still_falling


class FlowMatching(DirectModel):
    r"""Regression of the velocity of straight paths from noise to jets.

    .. math::
        L = \frac{1}{nF} \sum_{i=1}^{n} \left| v(x_t, t, c)_i - u_i \right|^2

    with points :math:`x_t` and velocities :math:`u` of straight paths
    (:func:`jetgen.networks.paths.straight_path`) from normal noise for each of the ``n``
    particles to the transformed jet, :math:`t` uniform in [0, 1] and :math:`c` the context.
    Noise, path, velocity and every step of the solver are zero in padded slots. The velocity
    network is made of the layers of the ``decoder``.

    Jets are made by integrating the averaged network from noise, ``solver_steps`` fixed steps
    of ``solver``; the number of its evaluations is written beside the jets. Best epoch and
    patience go by the loss of the averaged network on validation jets.

    Reference:
        Flow Matching for Generative Modeling (Lipman, Chen, Ben-Hamu, Nickel, Le, 2022),
        arXiv:2210.02747. EPiC-ly Fast Particle Cloud Generation with Flow-Matching and Diffusion
        (Buhmann et al., 2023), arXiv:2310.00049.
    """

    name = "Flow matching"
    works = ("Lipman:2022", "Buhmann:2023b")

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            issubclass(DECODERS[config.decoder], SetDecoder),
            "decoder",
            "a network over sets with the objective flow-matching",
            config.decoder,
        )

    def __init__(self, config: TrainConfig, layout: Layout) -> None:
        super().__init__(config, layout)
        features, context = len(self.preparation.features), self.preparation.context_columns
        self.velocity = build_velocity(config, features, context)
        self.averaging = config.average
        self.evaluations = function_evaluations(config.solver_steps, config.solver)

    def players(self) -> dict[str, Player]:
        return {"velocity": Player(self.velocity.parameters())}

    def loss(
        self, player: str, batch: ParticleCloud, epoch: int, generator: torch.Generator
    ) -> Loss:
        x1 = self.preparation.seen(batch)
        x0 = self._noise(batch.mask, generator, like=x1)
        t = torch.rand(len(x1), generator=generator).to(x1)
        point, wanted = straight_path(x0, x1, t)
        error = self.velocity(point, t, batch.mask, self.context(batch)).float() - wanted
        entries = (batch.multiplicity * x1.shape[2]).clamp(min=1)
        return Loss(masked(error, batch.mask).square().sum((1, 2)) / entries, {})

    def findings(
        self,
        history: Sequence[Mapping[str, Any]],
        batches: Iterable[Any],
        generator: torch.Generator,
    ) -> dict[str, str]:
        return still_falling(history)

    def make(self, mask: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        def velocity(x: Tensor, time: float) -> Tensor:
            return self.velocity(x, x.new_full((len(x),), time), mask, context)

        noise = self._noise(mask, generator, like=context)
        return integrate(velocity, noise, steps=self.config.solver_steps, solver=self.config.solver)

    def _noise(self, mask: Tensor, generator: torch.Generator, like: Tensor) -> Tensor:
        shape = (*mask.shape, len(self.preparation.features))
        return masked(torch.randn(shape, generator=generator).to(like), mask)
