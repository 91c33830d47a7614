"""Distillation of flow matching: few steps that follow the many steps of a trained model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.option import option, require
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.networks.integration import Solver, integrate
from jetgen.networks.velocity import SetVelocity
from jetgen.objectives.flow_matching import FlowMatching
from jetgen.objectives.layout import Layout
from jetgen.sharing import drawn


class Distillation(FlowMatching):
    r"""Flow matching in few Euler steps, each trained to end where many steps of a teacher end.

    With ``S = solver_steps``, a jet starts one of its ``S`` steps at a random :math:`t = k / S`:

    .. math::
        L = \frac{1}{nF} \sum_{i=1}^{n}
            \left| v(x_t, t, c)_i - S \left( y_i - x_{t,i} \right) \right|^2

    where :math:`x_t` is on the straight path from normal noise to a training jet with context
    :math:`c`, and :math:`y` is where ``teacher_steps`` steps of the teacher's solver take
    :math:`x_t` at the time :math:`t + 1 / S`. With one step, :math:`x_0` is noise alone, and only
    the numbers of particles and the conditions of the training jets are used. The student begins
    with the weights of the teacher, or of an earlier student, and keeps the transforms. Numbers of
    particles and conditions are those of the training jets, which need not be those of the teacher
    but have its classes.

    The teacher is a trained run of the objective flow-matching, or of this one: a student with four
    steps can be the teacher of one with a single step.

    Reference:
        Progressive Distillation for Fast Sampling of Diffusion Models (Salimans, Ho, 2022),
        arXiv:2202.00512. Fast Point Cloud Generation with Diffusion Models in High Energy Physics
        (Mikuni, Nachman, Pettee, 2023), arXiv:2304.01266.
    """

    name = "Distilled flow matching"
    works = (*FlowMatching.works, "Salimans:2022", "Mikuni:2023")

    @dataclass(frozen=True)
    class Options:
        teacher: str = option("", help="checkpoint of the trained run to learn from")
        teacher_solver: Solver = option("midpoint", help="its solver")
        teacher_steps: int = option(4, at_least=1, help="its steps for each step to be learned")
        start: str = option(
            "", help="checkpoint of the weights to begin with; of the teacher if empty"
        )

    def __init__(
        self,
        config: TrainConfig,
        layout: Layout,
        *,
        teacher: str,
        teacher_solver: Solver,
        teacher_steps: int,
        start: str,
    ) -> None:
        super().__init__(config, layout)
        self.source, self.start = teacher, start or teacher
        self.teacher_solver, self.teacher_steps = teacher_solver, teacher_steps
        self._teacher: tuple[SetVelocity, ...] = ()  # in a tuple, it is no part of the student

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        super().check(config)
        require(
            bool(config.own_options("objective")["teacher"]),
            "objective",
            "one that is trained alone; `jetgen distill RUN` trains this one",
            config.objective,
        )
        require(
            config.coupling == "independent",
            "coupling",
            "independent with the objective distillation, whose teacher assigns the noise",
            config.coupling,
        )

    def fit_data(self, training: ParticleCloud) -> None:
        """Take transforms, scales and weights from the teacher, conditions to draw from jets."""
        super().fit_data(training)
        self._take(self.source)
        self._teacher = (copy.deepcopy(self.velocity).requires_grad_(False),)
        if self.start != self.source:
            scales = copy.deepcopy(self.preparation.state_dict())
            self._take(self.start)
            kept = self.preparation.state_dict()
            require(
                all(torch.equal(kept[name], scales[name]) for name in scales),
                "start",
                "a student with the transforms of the teacher",
                self.start,
            )

    def _take(self, source: str) -> None:
        """Take transforms, scales and weights of a run."""
        checkpoint = Checkpoint.load(Path(source))
        taught = Layout.from_description(checkpoint.state["data"])
        for name in ("features", "conditions", "classes", "levels"):
            wanted, found = getattr(taught, name), getattr(self.layout, name)
            require(found == wanted, "data", f"jets with {name} {wanted} of {source}", found)
        weights = checkpoint.part("model") | checkpoint.part("average")
        for name, part in (("velocity", self.velocity), ("preparation", self.preparation)):
            beginning = f"{name}."
            own = [key for key in weights if key.startswith(beginning)]
            try:
                part.load_state_dict({key.removeprefix(beginning): weights[key] for key in own})
            except RuntimeError as error:
                raise InputError(
                    f"{source}: expected the weights of a flow-matching run with the same "
                    "network, found others"
                ) from error

    def fit_streamed(self, passes: Callable[[], Iterable[ParticleCloud]]) -> None:
        """Nothing: transforms and scales are those of the teacher."""

    def times(self, jets: int, generator: torch.Generator) -> Tensor:
        """The beginning of one of the student's steps, each as likely as the others."""
        steps = self.config.solver_steps
        return drawn(partial(torch.randint, steps), (jets,), generator=generator) / steps

    def findings(
        self,
        history: Sequence[Mapping[str, Any]],
        batches: Iterable[Any],
        generator: torch.Generator,
    ) -> dict[str, str]:
        return {}  # the loss falls towards zero for as long as one trains

    @torch.no_grad()
    def wanted(
        self, point: Tensor, time: Tensor, along: Tensor, mask: Tensor, context: Tensor
    ) -> Tensor:
        """The mean velocity with which the teacher goes on from ``point`` for one step."""
        (teacher,) = self._teacher
        teacher.to(point)
        steps = self.config.solver_steps

        def velocity(x: Tensor, part: float) -> Tensor:
            return teacher(x, time + part / steps, mask, context).float() / steps

        end = integrate(velocity, point, steps=self.teacher_steps, solver=self.teacher_solver)
        return (end - point) * steps
