r"""Invertible transforms of particle features, fitted to data and saved with the model.

Each step maps the values of one feature. Steps are chained in order: ``log+standardise`` applies
the logarithm first. Fitted numbers are buffers, so they are saved with the model's weights.
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
from jetgen.datasets.streamed_median import StreamedMedian
from jetgen.errors import InputError, some


class Transform(Component, nn.Module):
    """One invertible step for the values of one feature.

    A step with fitted numbers has :meth:`add` and :meth:`finish`, or only :meth:`fit`: then data
    larger than memory are represented by the sample that is passed to it.
    """

    def fit(self, values: Tensor) -> None:
        """Fit the buffers (float64) of the step to values ``(M,)``; by default there are none.

        Raises:
            InputError: when the step does not support these values.
        """
        self.add(values)
        while not self.finish():
            self.add(values)

    def add(self, values: Tensor) -> None:
        """Take values ``(M,)`` of data that come in pieces into account.

        Raises:
            InputError: as :meth:`fit`.
        """

    def finish(self) -> bool:
        """Fit the buffers after the last piece; false if all of them have to be added again."""
        return True

    @abstractmethod
    def forward(self, values: Tensor) -> Tensor:
        """Map physical values of any shape to network values."""

    @abstractmethod
    def inverse(self, values: Tensor) -> Tensor:
        """Map network values to physical values."""


class Standardise(Transform):
    r""":math:`y = (x - \mu) / \sigma`, zero mean and unit variance over real particles."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros((), dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))
        self._moments: tuple[int, Tensor, Tensor] | None = None

    def add(self, values: Tensor) -> None:
        if not len(values):
            return
        number, mean = len(values), values.mean()
        square = values.var(correction=0) * number
        if self._moments is not None:  # Chan et al. (1983): sums of squares of two samples
            before, earlier, sum_before = self._moments
            apart = mean - earlier
            square = square + sum_before + apart**2 * (before * number / (before + number))
            number, mean = before + number, earlier + apart * (number / (before + number))
        self._moments = number, mean, square

    def finish(self) -> bool:
        if self._moments is not None:
            number, mean, square = self._moments
            self.shift.copy_(mean)
            self.scale.copy_((square / number).sqrt() if square > 0 else torch.ones(()))
            self._moments = None
        return True

    def forward(self, values: Tensor) -> Tensor:
        return (values - self.shift.to(values)) / self.scale.to(values)

    def inverse(self, values: Tensor) -> Tensor:
        return values * self.scale.to(values) + self.shift.to(values)


class Unit(Standardise):
    r""":math:`y = (x - a) / (b - a)`: the fitted range :math:`[a, b]` becomes [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self._range: tuple[Tensor, Tensor] | None = None

    def add(self, values: Tensor) -> None:
        if len(values):
            ends = values if self._range is None else torch.cat([values, torch.stack(self._range)])
            self._range = ends.min(), ends.max()

    def finish(self) -> bool:
        if self._range is not None:
            self._set(*self._range)
            self._range = None
        return True

    def _set(self, low: Tensor, high: Tensor) -> None:
        self.shift.copy_(low)
        self.scale.copy_(high - low if high > low else torch.ones(()))


class MinMax(Unit):
    r""":math:`y = 2 (x - a) / (b - a) - 1`: the fitted range :math:`[a, b]` becomes [-1, 1]."""

    def _set(self, low: Tensor, high: Tensor) -> None:
        self.shift.copy_((low + high) / 2)
        self.scale.copy_((high - low) / 2 if high > low else torch.ones(()))


class Log(Transform):
    r""":math:`y = \log x`, for positive features, which may contain exact zeros.

    Values below the smallest positive fitted value, such as the mass of a jet of one massless
    particle, are replaced by it, so that their logarithm is finite.
    """

    smallest: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("smallest", torch.ones((), dtype=torch.float64))
        self._lowest = self._positive = torch.inf

    def add(self, values: Tensor) -> None:
        positive = values[values > 0]
        if len(values):
            self._lowest = min(self._lowest, float(values.min()))
        if len(positive):
            self._positive = min(self._positive, float(positive.min()))

    def finish(self) -> bool:
        lowest, positive = self._lowest, self._positive
        self._lowest = self._positive = torch.inf
        if lowest < 0 or positive == torch.inf:
            raise InputError(
                f"log: expected positive values, received a smallest of {lowest:.3g}; "
                "use signed-sqrt or standardise for this feature"
            )
        self.smallest.fill_(positive)
        return True

    def forward(self, values: Tensor) -> Tensor:
        return torch.log(torch.maximum(values, self.smallest.to(values)))

    def inverse(self, values: Tensor) -> Tensor:
        return torch.exp(values)


class SignedSqrt(Transform):
    r""":math:`y = \mathrm{sign}(x - c) \sqrt{|x - c|}` about the fitted median :math:`c`.

    It broadens a sharp peak at the centre. The gradient at the centre, where the slope is infinite,
    is set to zero.
    """

    centre: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros((), dtype=torch.float64))
        self._median = StreamedMedian()

    def add(self, values: Tensor) -> None:
        self._median.add(values)

    def finish(self) -> bool:
        if not self._median.finish():
            return False
        self.centre.fill_(self._median.value)
        self._median = StreamedMedian()
        return True

    def forward(self, values: Tensor) -> Tensor:
        distance = values - self.centre.to(values)
        away = distance != 0
        return distance.sign() * torch.where(away, distance, 1.0).abs().sqrt()

    def inverse(self, values: Tensor) -> Tensor:
        return values * values.abs() + self.centre.to(values)


class Asinh(Transform):
    r""":math:`y = \mathrm{arsinh}(x / s)` with the fitted median :math:`s` of :math:`|x|`.

    A logarithm for both signs: linear near zero, logarithmic for :math:`|x| > s`.
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))
        self._median = StreamedMedian()

    def add(self, values: Tensor) -> None:
        self._median.add(values.abs())

    def finish(self) -> bool:
        if not self._median.finish():
            return False
        self.scale.fill_(self._median.value or 1.0)
        self._median = StreamedMedian()
        return True

    def forward(self, values: Tensor) -> Tensor:
        return torch.asinh(values / self.scale.to(values))

    def inverse(self, values: Tensor) -> Tensor:
        return torch.sinh(values) * self.scale.to(values)


class CentredAsinh(Transform):
    r""":math:`y = \mathrm{arsinh}((x - c) / s)` about the fitted median :math:`c`.

    It broadens a peak like ``signed-sqrt``, but its slope at the centre is finite, :math:`1 / s`,
    so that the inverse of a smooth distribution has no spike there. The scale :math:`s` is 0.3
    times the median of :math:`|x - c|`.
    """

    centre: Tensor
    scale: Tensor
    _SHARE = 0.3

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros((), dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))
        self._median, self._centred = StreamedMedian(), False

    def add(self, values: Tensor) -> None:
        self._median.add((values - self.centre).abs() if self._centred else values)

    def finish(self) -> bool:
        if not self._median.finish():
            return False
        median, self._median = self._median.value, StreamedMedian()
        if self._centred:
            self.scale.fill_(self._SHARE * median or 1.0)
        else:
            self.centre.fill_(median)
        self._centred = not self._centred
        return not self._centred

    def forward(self, values: Tensor) -> Tensor:
        return torch.asinh((values - self.centre.to(values)) / self.scale.to(values))

    def inverse(self, values: Tensor) -> Tensor:
        return torch.sinh(values) * self.scale.to(values) + self.centre.to(values)


def parse_transforms(texts: Sequence[str], features: Sequence[Feature]) -> dict[str, list[str]]:
    """Steps of each feature from ``feature=step+step`` texts; ``standardise`` by default.

    Raises:
        InputError: for an unknown feature or step, or a text that is not of this form.
    """
    steps = {feature.name: ["standardise"] for feature in features}
    for text in texts:
        name, _, chain = text.rpartition("=")
        chosen = chain.split("+")
        if name not in steps or not all(step in TRANSFORMS for step in chosen):
            raise InputError(
                f"transform: expected FEATURE=STEP+STEP with a feature among {some(steps)} "
                f"and steps among {some(TRANSFORMS)}, received {text!r}"
            )
        steps[name] = chosen
    return steps


class FeatureTransforms(nn.Module):
    """One chain of steps per feature, applied to the last axis of ``(..., F)`` tensors.

    Args:
        features: the features.
        steps: names of the steps of each feature, in the order of application.
    """

    def __init__(self, features: Sequence[Feature], steps: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.last_steps = {feature.name: steps[feature.name][-1] for feature in features}
        self.chains = nn.ModuleList(
            nn.ModuleList(TRANSFORMS[step]() for step in steps[feature.name])
            for feature in features
        )
        self._fitted = [0] * len(features)

    @torch.no_grad()
    def fit(self, values: Tensor) -> None:
        """Fit every step to values ``(M, F)``, those of the real particles of a cloud.

        Raises:
            InputError: when there are none, or a step does not support the values of a feature.
        """
        values = values.to(torch.float64)
        if len(values) == 0:
            raise InputError("transforms: expected jets with particles, received none")
        for column, chain in enumerate(self.chains):
            x = values[:, column]
            for step in cast(nn.ModuleList, chain):
                step.fit(x)  # type: ignore[operator]
                x = step(x)

    @torch.no_grad()
    def add(self, values: Tensor) -> None:
        """Take values ``(M, F)`` of data that come in pieces into account.

        Each pass over the data fits the next step of each chain whose earlier steps are fitted.
        """
        values = values.to(torch.float64)
        for column, (chain, fitted) in enumerate(zip(self.chains, self._fitted, strict=True)):
            steps = list(cast(nn.ModuleList, chain))
            if fitted < len(steps):
                x = values[:, column]
                for step in steps[:fitted]:
                    x = step(x)
                steps[fitted].add(x)  # type: ignore[operator]

    def finish(self) -> bool:
        """After the last piece; false if all of them have to be added again."""
        lengths = [len(cast(nn.ModuleList, chain)) for chain in self.chains]
        for column, (chain, fitted) in enumerate(zip(self.chains, self._fitted, strict=True)):
            if fitted < lengths[column]:
                self._fitted[column] += chain[fitted].finish()  # type: ignore[index]
        return self._fitted == lengths

    def forward(self, particles: Tensor) -> Tensor:
        """Map physical features to network features; the values in padded slots have no meaning."""
        return self._chained(particles, inverse=False)

    def inverse(self, particles: Tensor) -> Tensor:
        """Map network features to physical features."""
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
