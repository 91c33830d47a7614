r"""Invertible transforms of particle features, fitted on data and saved with the model.

Each step maps one feature's values; steps are chained, ``log+standardise`` meaning first the
logarithm. Fitted numbers are buffers, so they travel with the model's weights.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from jetgen.cloud import Feature
from jetgen.components import TRANSFORMS
from jetgen.config.component import Component
from jetgen.errors import InputError


class Transform(Component, nn.Module):
    """One invertible step for the values of one feature."""

    def fit(self, values: Tensor) -> None:
        """Set what the step has of the data (buffers, float64) from values ``(M,)``; nothing here.

        Raises:
            InputError: when the step cannot take these values.
        """

    @abstractmethod
    def forward(self, values: Tensor) -> Tensor:
        """Network values of physical ones, of any shape."""

    @abstractmethod
    def inverse(self, values: Tensor) -> Tensor:
        """Physical values of network ones."""


class Standardise(Transform):
    r""":math:`y = (x - \mu) / \sigma`, zero mean and unit variance over real particles."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros((), dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    def fit(self, values: Tensor) -> None:
        spread = values.std(correction=0)
        self.shift.copy_(values.mean())
        self.scale.copy_(spread if spread > 0 else torch.ones(()))

    def forward(self, values: Tensor) -> Tensor:
        return (values - self.shift.to(values)) / self.scale.to(values)

    def inverse(self, values: Tensor) -> Tensor:
        return values * self.scale.to(values) + self.shift.to(values)


class MinMax(Standardise):
    r""":math:`y = 2 (x - a) / (b - a) - 1`: the fitted range :math:`[a, b]` becomes [-1, 1]."""

    def fit(self, values: Tensor) -> None:
        low, high = values.min(), values.max()
        self.shift.copy_((low + high) / 2)
        self.scale.copy_((high - low) / 2 if high > low else torch.ones(()))


class Unit(Standardise):
    r""":math:`y = (x - a) / (b - a)`: the fitted range :math:`[a, b]` becomes [0, 1]."""

    def fit(self, values: Tensor) -> None:
        low, high = values.min(), values.max()
        self.shift.copy_(low)
        self.scale.copy_(high - low if high > low else torch.ones(()))


class Log(Transform):
    r""":math:`y = \log x`, for positive features, some of whose values may be exact zeros.

    Values below the smallest positive one that was fitted, such as the mass of a jet of one
    massless particle, are lifted to it, so that their logarithm stays finite.
    """

    smallest: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("smallest", torch.ones((), dtype=torch.float64))

    def fit(self, values: Tensor) -> None:
        positive = values[values > 0]
        if not len(positive) or bool((values < 0).any()):
            raise InputError(
                f"log: expected positive values, received a smallest of {values.min():.3g}; "
                "use signed-sqrt or standardise for this feature"
            )
        self.smallest.copy_(positive.min())

    def forward(self, values: Tensor) -> Tensor:
        return torch.log(torch.maximum(values, self.smallest.to(values)))

    def inverse(self, values: Tensor) -> Tensor:
        return torch.exp(values)


class SignedSqrt(Transform):
    r""":math:`y = \mathrm{sign}(x - c) \sqrt{|x - c|}` about the fitted median :math:`c`.

    Broadens a sharp peak at its centre. The gradient at the centre, where the slope is infinite,
    is zero.
    """

    centre: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros((), dtype=torch.float64))

    def fit(self, values: Tensor) -> None:
        self.centre.copy_(values.median())

    def forward(self, values: Tensor) -> Tensor:
        distance = values - self.centre.to(values)
        away = distance != 0
        return distance.sign() * torch.where(away, distance, 1.0).abs().sqrt()

    def inverse(self, values: Tensor) -> Tensor:
        return values * values.abs() + self.centre.to(values)


class Asinh(Transform):
    r""":math:`y = \mathrm{arsinh}(x / s)` with the fitted median :math:`s` of :math:`|x|`.

    A logarithm for both signs: linear near zero, logarithmic beyond :math:`s`.
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    def fit(self, values: Tensor) -> None:
        median = values.abs().median()
        self.scale.copy_(median if median > 0 else torch.ones(()))

    def forward(self, values: Tensor) -> Tensor:
        return torch.asinh(values / self.scale.to(values))

    def inverse(self, values: Tensor) -> Tensor:
        return torch.sinh(values) * self.scale.to(values)


def parse_transforms(texts: Sequence[str], features: Sequence[Feature]) -> dict[str, list[str]]:
    """Steps a feature from ``feature=step+step`` texts; ``standardise`` where none is given.

    Raises:
        InputError: for an unknown feature or step, or a text of another form.
    """
    steps = {feature.name: ["standardise"] for feature in features}
    for text in texts:
        name, _, chain = text.partition("=")
        chosen = chain.split("+")
        if name not in steps or not all(step in TRANSFORMS for step in chosen):
            raise InputError(
                f"transform: expected FEATURE=STEP+STEP with a feature among {', '.join(steps)} "
                f"and steps among {', '.join(TRANSFORMS)}, received {text!r}"
            )
        steps[name] = chosen
    return steps


class FeatureTransforms(nn.Module):
    """One chain of steps a feature, applied to the last axis of ``(..., F)`` tensors.

    Args:
        features: the columns.
        steps: names of the steps of each feature, in the order they are applied.
    """

    def __init__(self, features: Sequence[Feature], steps: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.last_steps = {feature.name: steps[feature.name][-1] for feature in features}
        self.chains = nn.ModuleList(
            nn.ModuleList(TRANSFORMS[step]() for step in steps[feature.name])
            for feature in features
        )

    @torch.no_grad()
    def fit(self, values: Tensor) -> None:
        """Fit every step on values ``(M, F)``, those of the real particles of a cloud.

        Raises:
            InputError: when there are none, or a step cannot take a feature's values.
        """
        values = values.to(torch.float64)
        if len(values) == 0:
            raise InputError("transforms: expected jets with particles, received none")
        for column, chain in enumerate(self.chains):
            x = values[:, column]
            for step in cast(nn.ModuleList, chain):
                step.fit(x)  # type: ignore[operator]
                x = step(x)

    def forward(self, particles: Tensor) -> Tensor:
        """Physical features to network features; what padded slots become has no meaning."""
        return self._chained(particles, inverse=False)

    def inverse(self, particles: Tensor) -> Tensor:
        """Network features to physical features."""
        return self._chained(particles, inverse=True)

    def _chained(self, particles: Tensor, inverse: bool) -> Tensor:
        columns = []
        for column, chain in enumerate(self.chains):
            x = particles[..., column]
            steps = cast(nn.ModuleList, chain)
            for step in reversed(steps) if inverse else steps:
                x = step.inverse(x) if inverse else step(x)  # type: ignore[operator]
            columns.append(x)
        return torch.stack(columns, dim=-1)
