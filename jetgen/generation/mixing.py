r"""Sets of several runs as one sample, in the ratios of the event weights of their training sets.

A run that makes one class of a sample (muons of one charge and origin) represents the total event
weight :math:`W_r` of the sets it was trained on. Of a mean total of :math:`N` sets it makes

.. math:: n_r \sim \mathrm{Poisson}\left(N \frac{W_r}{\sum_s W_s}\right)

"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.errors import InputError, InputWarning
from jetgen.objectives.layout import Layout
from jetgen.physics.classes import class_index
from jetgen.physics.fourvectors import JET_KINEMATICS
from jetgen.runs.trained_model import TrainedModel

TYPE = Feature("type")


class Part(NamedTuple):
    """The share of a run in a mixture.

    Args:
        model: the run.
        number: the number of sets that it makes.
        seed: the seed of these sets.
    """

    model: TrainedModel
    number: int
    seed: int


def parts(models: Sequence[TrainedModel], sets: int, random: np.random.Generator) -> list[Part]:
    """The runs with Poisson numbers of sets whose means are their shares of ``sets``.

    Raises:
        InputError: when a run does not record the weight or the class of its training sets, or
            runs of jets and of other sets are mixed.

    Warns:
        InputWarning: when the runs were trained on different files, whose weights may have
            different meanings.
    """
    kinds = {model.config.representation for model in models}
    if len(kinds) > 1:
        raise InputError(
            f"generate: expected runs of one representation, received {', '.join(sorted(kinds))}"
        )
    for model in models:
        _class_of(model)
    sources = {tuple(sorted(model.environment["data"].values())) for model in models}
    if len(sources) > 1:
        warnings.warn(
            "generate: the runs were trained on different files; their shares are right only if "
            "the event weights of all files have the same meaning, such as muons per collision",
            InputWarning,
            stacklevel=2,
        )
    weights = np.array([model.event_weight for model in models])
    numbers = random.poisson(sets * weights / weights.sum()).tolist()
    seeds = random.integers(2**31, size=len(models)).tolist()
    return [Part(*part) for part in zip(models, numbers, seeds, strict=True)]


Columns = tuple[tuple[Feature, ...], tuple[Feature, ...]]
"""The features and the conditions of the sets of a file."""


def jet_columns(layouts: Sequence[Layout]) -> Columns:
    """The columns of a file of jets, which are the same for all runs."""
    return CARTESIAN, JET_KINEMATICS


def set_columns(layouts: Sequence[Layout]) -> Columns:
    """The columns of a file with the sets of all runs, for sets with named features.

    All features, in the order of the run with most of them, and the conditions of all runs.
    """
    layouts = sorted(layouts, key=lambda layout: -len(layout.features))
    features = dict.fromkeys(feature for layout in layouts for feature in layout.features)
    shared = [c for c in layouts[0].conditions if all(c in layout.conditions for layout in layouts)]
    return tuple(features), tuple(shared)


def mixed(
    streams: Sequence[Callable[[int], Iterator[ParticleCloud]]],
    numbers: Sequence[int],
    size: int,
    random: np.random.Generator,
    start: int = 0,
) -> Iterator[ParticleCloud]:
    """The sets of all streams in a uniformly random order, ``size`` at a time.

    Args:
        streams: functions that yield clouds with the same columns, of any sizes, from the set with
            this number on.
        numbers: the number of sets in each stream.
        size: sets per batch.
        random: the source of the order.
        start: number of the first set, a multiple of ``size``; those before it are left out.
    """
    supplies = [_Supply(stream) for stream in streams]
    left, position = np.array(numbers), 0
    while left.any():
        drawn = min(size, int(left.sum()))
        taken = random.multivariate_hypergeometric(left, drawn, method="marginals")
        order = torch.from_numpy(random.permutation(drawn))
        left -= taken
        if position < start:
            for supply, number in zip(supplies, taken, strict=True):
                supply.skip(int(number))
        else:
            found = [s.take(int(k)) for s, k in zip(supplies, taken, strict=True) if k]
            yield ParticleCloud.concatenate(found)[order]
        position += drawn


def completed(
    sets: ParticleCloud,
    features: Sequence[Feature],
    conditions: Sequence[Feature],
    model: TrainedModel,
) -> ParticleCloud:
    """The sets with these columns: zeros for missing features, and the class of the run."""
    known = {feature: sets.particles[..., i] for i, feature in enumerate(sets.features)}
    zero = torch.zeros_like(sets.particles[..., 0])
    if not sets.has_condition(TYPE.name):
        kind = torch.full((len(sets),), float(_class_of(model)))
        sets = sets.with_conditions({TYPE: kind})
    return replace(
        sets,
        particles=torch.stack([known.get(feature, zero) for feature in features], dim=2),
        features=tuple(features),
        conditions=torch.stack([sets.condition(f.name) for f in conditions], dim=1),
        condition_features=tuple(conditions),
    )


def _class_of(model: TrainedModel) -> int:
    """The class of the sets of a run; -1 if each set has its own class as a condition.

    Raises:
        InputError: when the run has neither.
    """
    if model.config.jet_type is not None:
        return class_index(model.config.jet_type)
    if any(feature == TYPE for feature in model.model.layout.conditions):
        return -1
    raise InputError(
        f"{model.folder.path}: expected a run with the class of its sets, to mix it with others; "
        "train with `jetgen.train(..., jet_type=CLASS)` or `jetgen.train(..., "
        "condition='type')`"
    )


class _Supply:
    """A stream of clouds that can be read in portions of any size, from any set on."""

    def __init__(self, stream: Callable[[int], Iterator[ParticleCloud]]) -> None:
        self.stream = stream
        self.skipped = 0
        self.running: Iterator[ParticleCloud] | None = None
        self.held: list[ParticleCloud] = []

    def skip(self, number: int) -> None:
        """Leave out this number of sets, before any is taken."""
        self.skipped += number

    def take(self, number: int) -> ParticleCloud:
        if self.running is None:
            self.running = self.stream(self.skipped)
        while sum(map(len, self.held)) < number:
            self.held.append(next(self.running))
        together = ParticleCloud.concatenate(self.held)
        self.held = [together[number:]]
        return together[:number]
