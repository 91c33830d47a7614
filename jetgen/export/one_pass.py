"""A one-pass generator as a function of tensors alone: noise, number of particles, conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from jetgen.cloud import RELATIVE
from jetgen.errors import InputError
from jetgen.kinematics import massless
from jetgen.networks.masking import masked
from jetgen.objectives.autoencoder import Autoencoder
from jetgen.objectives.flow_matching import FlowMatching
from jetgen.objectives.gan import GAN
from jetgen.objectives.preparation import moved_to_jet
from jetgen.priors.flow import FlowPrior
from jetgen.priors.gaussian import GaussianPrior
from jetgen.priors.jets import JetDraw
from jetgen.runs.trained_model import TrainedModel

CODE_NOISE, PARTICLES = "code_noise", "particles"
"""Names of inputs: noise of the codes, and numbers of particles."""

Draw = Callable[[Sequence[int]], Tensor]
"""Normal noise of a shape."""


class OnePass(nn.Module):
    """Momenta ``(B, N, 3)`` in GeV and mask ``(B, N)`` from the inputs :attr:`names`, in one pass.

    ``N`` is the largest number of particles of the model. A condition that the name of the model
    fixes is no input.

    Args:
        trained: the model.
        prior: the name of the prior; by default that of the training.

    Raises:
        InputError: for a model that is not of this kind.
    """

    model: Autoencoder | GAN | FlowMatching
    prior: GaussianPrior | FlowPrior | None

    def __init__(self, trained: TrainedModel, prior: str | None = None) -> None:
        super().__init__()
        self.model, self.prior = _parts(trained, prior)
        self.particles = trained.config.particles
        self.own = trained.fixed({})
        drawn = self.model.draw(2, torch.Generator().manual_seed(1), self.own)
        self.conditions = [name for name in drawn.conditions if name not in self.own]
        shapes = _Shapes()
        with torch.no_grad():
            self._made(shapes, *self._slots(drawn))
        self.noise_shapes = shapes.names(codes=self.prior is not None)

    @property
    def names(self) -> list[str]:
        """Names of the inputs, in their order."""
        return [*self.noise_shapes, PARTICLES, *self.conditions]

    def inputs(self, draw: JetDraw, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Values of the inputs: drawn noise, and the numbers and conditions of ``draw``."""
        jets = len(draw.multiplicity)
        noise = [torch.randn((jets, *s), generator=generator) for s in self.noise_shapes.values()]
        conditions = [draw.conditions[name].float() for name in self.conditions]
        return *noise, draw.multiplicity, *conditions

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        given = dict(zip(self.names, inputs, strict=True))
        multiplicity = given[PARTICLES]
        conditions = {name: given[name] for name in self.conditions}
        zero = torch.zeros_like(multiplicity, dtype=torch.float32)
        conditions |= {name: zero + value for name, value in self.own.items()}
        mask, context = self._slots(JetDraw(multiplicity, conditions))
        noise = iter([given[name] for name in self.noise_shapes])
        made = self._made(lambda shape: next(noise), mask, context)
        values = masked(self.model.preparation.transforms.inverse(masked(made, mask)), mask)
        if self.model.layout.features == RELATIVE:
            values = _laboratory(values, mask, conditions)
        return masked(values, mask), mask

    def _slots(self, draw: JetDraw) -> tuple[Tensor, Tensor]:
        mask = torch.arange(self.particles) < draw.multiplicity.unsqueeze(1)
        return mask, self.model.preparation.context(draw)

    def _made(self, noise: Draw, mask: Tensor, context: Tensor) -> Tensor:
        """Network features ``(B, N, W)``; ``noise`` is called for the codes first, if any."""
        with _noise_of(noise):
            if isinstance(self.model, FlowMatching):
                return self.model.make(mask, context, torch.Generator())
            assert self.prior is not None  # _parts: only flow matching has no codes
            start = noise((*context.shape[:1], self.model.config.latent))
            given = context
            if isinstance(self.model, Autoencoder):
                given = self.model.prior_context(context)
            z = self.prior.from_noise(start, given)
            return self.model.decoded(z, mask, context, torch.Generator())

    def expected(self, inputs: Sequence[Tensor], draw: JetDraw) -> Tensor:
        """The momenta ``(B, n, 3)`` that jetgen generates from the same noise."""
        noise = iter(inputs[: len(self.noise_shapes)])
        mask, context = self.model.slots(draw)

        def in_slots(shape: Sequence[int]) -> Tensor:
            return next(noise)[:, : shape[1]]

        with torch.no_grad():
            made = self._made(in_slots, mask, context)
        jets = self.model.to_jets(made, mask, draw)
        return self.model.config.kind.as_written(jets).particles


def _laboratory(values: Tensor, mask: Tensor, conditions: dict[str, Tensor]) -> Tensor:
    """``px, py, pz`` of relative particles, moved so that they sum to their jet."""
    etarel, phirel, ptrel = values.unbind(-1)
    own = masked(massless(ptrel, etarel, phirel), mask)
    etarel, phirel, ptrel = moved_to_jet(values, own, conditions["eta"]).unbind(-1)
    pt, eta, phi = (conditions[name].unsqueeze(1) for name in ("pt", "eta", "phi"))
    return massless(ptrel * pt, etarel + eta, phirel + phi)[..., :3]


def _parts(
    trained: TrainedModel, prior: str | None
) -> tuple[Autoencoder | GAN | FlowMatching, GaussianPrior | FlowPrior | None]:
    """The model, and the prior of its codes, if it has codes.

    Raises:
        InputError: when it needs more than one pass of a network, or numbers other than noise.
    """
    config, model = trained.config, trained.model
    if not config.kind.momenta:
        raise _refusal(trained, "one of sets with named features")
    if not isinstance(model, Autoencoder | GAN | FlowMatching) or model.evaluations > 1:
        raise _refusal(trained, f"one whose network is evaluated {model.evaluations} times")
    if config.multiplicity == "latent":
        raise _refusal(trained, "one that draws the number of particles (multiplicity='latent')")
    if prior is not None:
        trained.require_prior(prior)
    if isinstance(model, FlowMatching):
        return model, None
    chosen = model.prior if isinstance(model, GAN) else model.priors[prior or config.prior]
    if not isinstance(chosen, GaussianPrior | FlowPrior):
        raise _refusal(trained, f"one with the prior {prior or config.prior}")
    return model, chosen


def _refusal(trained: TrainedModel, received: str) -> InputError:
    return InputError(
        f"{trained.run.name}: expected a generator of jets that needs one pass of its network "
        f"(an autoencoder with a gaussian or flow prior, a GAN, or what `jetgen distill` makes), "
        f"received {received}"
    )


class _Shapes:
    """Remembers the shapes of all noise that it draws."""

    def __init__(self) -> None:
        self.found: list[tuple[int, ...]] = []

    def __call__(self, shape: Sequence[int]) -> Tensor:
        self.found.append(tuple(shape[1:]))
        return torch.zeros(*shape)

    def names(self, *, codes: bool) -> dict[str, tuple[int, ...]]:
        """The shapes per jet, by the names of the inputs; the first one may be that of codes."""
        own = {CODE_NOISE: self.found[0]} if codes else {}
        others = self.found[len(own) :]
        return own | {
            f"particle_noise_{k}" if len(others) > 1 else "particle_noise": shape
            for k, shape in enumerate(others, 1)
        }


@contextmanager
def _noise_of(draw: Draw) -> Iterator[None]:
    """Within the block, ``torch.randn(shape, ...)`` is ``draw(shape)``."""
    original = torch.randn

    def given(shape: Sequence[int], **options: Any) -> Tensor:
        return draw(shape)

    torch.randn = given  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.randn = original
