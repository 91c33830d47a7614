"""Splits of jets into training, validation and test sets, and batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple, Self

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.copies import copy_keys, together
from jetgen.errors import InputError
from jetgen.weights import equal, require_some_weight

FRACTIONS = (0.70, 0.15, 0.15)
"""Shares of the training, validation and test jets."""


class Split(NamedTuple):
    """Indices ``(n,)`` of the jets of each set; every jet is in exactly one set."""

    training: Tensor
    validation: Tensor
    test: Tensor


def split_indices(jets: int, seed: int, keys: Tensor | None = None) -> Split:
    """A random 70/15/15 split of ``jets`` jets, the same for the same seed.

    Args:
        jets: number of jets.
        seed: seed of the split.
        keys: ``(jets,)`` integers; jets of one key come into the set of the first of them.

    Raises:
        InputError: for fewer than 20 jets, or so few different ones that a set is empty.
    """
    if jets < 20:
        raise InputError(f"data: expected at least 20 jets to split 70/15/15, received {jets}")
    order = torch.randperm(jets, generator=torch.Generator().manual_seed(seed))
    first, second = int(FRACTIONS[0] * jets), int((FRACTIONS[0] + FRACTIONS[1]) * jets)
    if keys is None:
        return Split(order[:first], order[first:second], order[second:])
    parts = torch.zeros(jets, dtype=torch.long)
    parts[order[first:second]], parts[order[second:]] = 1, 2
    parts = together(parts, keys)
    split = Split(*(order[parts[order] == k] for k in range(3)))
    if not all(map(len, split)):
        raise InputError(
            f"data: expected different jets to split 70/15/15, received {jets} of which "
            f"{len(keys.unique())} are different"
        )
    return split


def weighted_indices(weights: Tensor, number: int, generator: torch.Generator) -> Tensor:
    """``number`` indices on the CPU, drawn with replacement with probability ``weights`` ``(B,)``.

    Raises:
        InputError: when a weight is negative or no finite number, or all are zero.
    """
    require_some_weight(weights)
    edges = weights.cpu().double().cumsum(0)
    places = torch.rand(number, generator=generator, dtype=torch.float64) * edges[-1]
    return torch.searchsorted(edges, places, right=True).clamp(max=len(edges) - 1)


def _differ(weights: Tensor) -> bool:
    require_some_weight(weights)
    return not equal(weights)


def resampled(
    cloud: ParticleCloud, generator: torch.Generator, number: int | None = None
) -> ParticleCloud:
    """``number`` sets (by default as many), drawn by weight, each with unit weight.

    As many sets of equal weight are all taken once.
    """
    number = len(cloud) if number is None else number
    if number == len(cloud) and not _differ(cloud.weights):
        return cloud.replace(weights=torch.ones_like(cloud.weights))
    drawn = cloud[weighted_indices(cloud.weights, number, generator)] if number else cloud[:0]
    return drawn._moved(weights=torch.ones_like(drawn.weights))


def batches(
    cloud: ParticleCloud,
    size: int,
    generator: torch.Generator | None = None,
    *,
    weighted: bool = False,
    number: int | None = None,
) -> Iterator[ParticleCloud]:
    """Batches of jets with similar numbers of particles, padded to the largest in the batch.

    With a ``generator`` jets and batches are in random order: jets are shuffled, sorted by
    multiplicity within pools of 16 batches, split into batches, and the batches are shuffled. Jets
    must be compact (:meth:`ParticleCloud.compact`). With ``weighted``, ``number`` jets (by default
    as many as there are) are drawn by weight instead of each jet once, unless all weights are
    equal.
    """
    jets = len(cloud)
    number = jets if number is None else number
    if weighted and not number:
        return
    multiplicity = cloud.multiplicity.cpu()  # read from a device once, not for every batch
    if generator is None:
        groups = torch.argsort(multiplicity, stable=True).split(size)
    else:
        shuffled = (
            weighted_indices(cloud.weights, number, generator)
            if weighted and (number != jets or _differ(cloud.weights))
            else torch.randperm(jets, generator=generator)
        )
        pools = shuffled.split(16 * size)
        ordered = [pool[torch.argsort(multiplicity[pool], stable=True)] for pool in pools]
        cut = [group for pool in ordered for group in pool.split(size)]
        groups = tuple(cut[i] for i in torch.randperm(len(cut), generator=generator).tolist())
    for group in groups:
        width = max(1, int(multiplicity[group].max()))
        yield ParticleCloud(
            cloud.particles[group, :width],
            cloud.mask[group, :width],
            cloud.features,
            cloud.conditions[group],
            cloud.condition_features,
            cloud.weights[group],
        )


class TrainingJets(ABC):
    """The jets of a training, in memory or in files, split by their index.

    Args:
        number: number of all jets.
        weight: total weight of all jets.
        weighted: whether a jet has another weight than one.
        slots: the number of particle slots.
        sizes: the numbers of training, validation and test jets.
        mean_weight: of the training jets.
        validation: the validation jets to compute losses and metrics of.
    """

    number: int
    weight: float
    weighted: bool
    slots: int
    sizes: dict[str, int]
    mean_weight: float
    validation: ParticleCloud

    @abstractmethod
    def to(self, device: str) -> Self:
        """The same jets, which are handed out on a device."""

    @abstractmethod
    def sample(self) -> ParticleCloud:
        """Training jets at random, all of them where they are in memory."""

    @abstractmethod
    def chunks(self, most: int | None = None) -> Iterator[ParticleCloud]:
        """The training jets in a fixed order, or ``most`` of them at random, in clouds."""

    @abstractmethod
    def pools(self, generator: torch.Generator) -> Iterator[ParticleCloud]:
        """The training jets in large clouds of jets from all places of the data."""

    def batches(
        self, size: int, generator: torch.Generator, weighted: bool
    ) -> Iterator[ParticleCloud]:
        """:func:`batches` of one epoch."""
        for pool in self.pools(generator):
            number = self._share(pool) if weighted else None
            yield from batches(pool, size, generator, weighted=weighted, number=number)

    def learned(
        self, generator: torch.Generator, weighted: bool, most: int | None = None
    ) -> Iterator[ParticleCloud]:
        """:meth:`chunks`; with ``weighted`` drawn by weight, as a model should learn them."""
        for chunk in self.chunks(most):
            yield resampled(chunk, generator, self._share(chunk)) if weighted else chunk

    def _share(self, cloud: ParticleCloud) -> int:
        """Number of jets to draw by weight from some of the training jets."""
        return round(float(cloud.weights.double().sum()) / self.mean_weight)


class HeldJets(TrainingJets):
    """The jets of a training in memory.

    Args:
        jets: all jets.
        seed: seed of the split.
        copies_together: whether all copies of a jet are in one set.
    """

    def __init__(self, jets: ParticleCloud, seed: int, *, copies_together: bool = True) -> None:
        split = split_indices(len(jets), seed, copy_keys(jets)[0] if copies_together else None)
        self.number, self.weight = len(jets), float(jets.weights.double().sum())
        self.weighted = bool((jets.weights != 1).any())
        self.slots = jets.mask.shape[1]
        self.sizes = {name: len(rows) for name, rows in split._asdict().items()}
        self._training, self.validation = jets[split.training], jets[split.validation]
        self.mean_weight = float(self._training.weights.double().mean())

    def to(self, device: str) -> Self:
        self._training, self.validation = self._training.to(device), self.validation.to(device)
        return self

    def sample(self) -> ParticleCloud:
        return self._training

    def chunks(self, most: int | None = None) -> Iterator[ParticleCloud]:
        yield self._training if most is None else self._training[:most]

    def pools(self, generator: torch.Generator) -> Iterator[ParticleCloud]:
        yield self._training
