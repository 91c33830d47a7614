"""Flow matching for the codes of the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor

from jetgen.config.train import TrainConfig
from jetgen.networks.integration import Solver, function_evaluations, integrate
from jetgen.networks.paths import straight_path
from jetgen.networks.velocity import CodeVelocity
from jetgen.priors.base import LearnedPrior
from jetgen.sharing import drawn


class FlowMatchingPrior(LearnedPrior):
    r"""Codes transported from normal noise by a learned velocity, conditional on the context.

    .. math:: L = \frac1L \left| v(z_t, t, c) - u \right|^2

    with points and velocities of straight paths from noise to standardised codes
    (:func:`jetgen.networks.paths.straight_path`) and the time uniform in [0, 1]. Codes are drawn by
    integrating the velocity in fixed steps. The density is not computed.

    Reference:
        Flow Matching for Generative Modeling (Lipman, Chen, Ben-Hamu, Nickel, Le, 2022),
        arXiv:2210.02747. Flow Matching in Latent Space (Dao, Phung, Nguyen, Tran, 2023),
        arXiv:2307.08698.

    Args:
        latent: number of latent dimensions.
        context: number of context variables.
        hidden: width of the velocity network.
        solver: method of integration.
        steps: number of steps of the solver.
    """

    title = "flow-matching"
    has_paths = True
    works = ("Lipman:2022", "Dao:2023")
    criterion = "prior_velocity_error"
    has_density = False

    def __init__(
        self, latent: int, context: int, *, hidden: int, solver: Solver, steps: int
    ) -> None:
        super().__init__(latent)
        self.velocity = CodeVelocity(latent, context, hidden=hidden)
        self.solver, self.steps = solver, steps
        self.evaluations = function_evaluations(steps, solver)

    @classmethod
    def build(cls, config: TrainConfig, context: int, options: Mapping[str, Any]) -> Self:
        return cls(
            config.latent,
            context,
            hidden=config.flow_hidden,
            solver=config.solver,
            steps=config.solver_steps,
            **options,
        )

    def loss(self, z: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
        standard = (z - self.shift) / self.scale
        noise = drawn(torch.randn, z.shape, generator=generator).to(z)
        time = drawn(torch.rand, (len(z),), generator=generator).to(z)
        point, wanted = straight_path(noise, standard, time)
        return (self.velocity(point, time, context).float() - wanted).square().mean(1)

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        def velocity(z: Tensor, time: float) -> Tensor:
            return self.velocity(z, z.new_full((len(z),), time), context)

        shape = (len(context), len(self.shift))
        noise = drawn(torch.randn, shape, generator=generator).to(context)
        made = integrate(velocity, noise, steps=self.steps, solver=self.solver)
        return made * self.scale + self.shift
