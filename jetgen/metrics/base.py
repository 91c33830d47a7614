"""Base class of metrics from other packages, for evaluations and for monitoring of trainings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from jetgen.config.component import Component
from jetgen.physics.observables import MeasuredSets
from jetgen.weights import equal


class Metric(Component, ABC):
    """A distance between generated and real jets, or other sets; smaller is better.

    A metric of the group ``jetgen.metrics`` is a row of ``jetgen evaluate``, with its real-vs-real
    floor and its uncertainty: it is then computed :attr:`replicas` times on splits of the real
    jets, and as often on bootstrap resamplings. A metric of the group ``jetgen.figures`` can be
    monitored during a training; fast metrics may be in both groups.
    """

    title: ClassVar[str]
    """Name of the metric for tables."""

    unit: ClassVar[str] = ""
    """Unit of the value; empty if it is dimensionless."""

    scale: ClassVar[float] = 1.0
    """The printed value is divided by it."""

    needs_jets: ClassVar[bool] = True
    """Whether it measures jets only; ``False`` makes it a row of tables of named features, too."""

    uses_weights: ClassVar[bool] = False
    """Whether it uses event weights, ``real.weights`` and ``generated.weights``; otherwise weighted
    jets are drawn by weight before the call, as many as their effective number."""

    replicas: ClassVar[int] = 20
    """Number of splits for the floor, and of resamplings for the uncertainty."""

    @abstractmethod
    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        """Compute the metric.

        Args:
            real: real jets. ``real.relative`` is the :class:`~jetgen.cloud.ParticleCloud` of their
                relative features; ``real.observables`` contains their observables ``(B,)`` by name.
            generated: generated jets, in an evaluation the same number.
        """

    def taken(self, sets: MeasuredSets) -> MeasuredSets:
        """The sets as the metric takes them: drawn by weight, unless it uses weights."""
        if self.uses_weights or equal(sets.frame.weights):
            return sets
        return sets.drawn_by_weight(sets.counted)

    def figures(self, name: str, real: MeasuredSets, generated: MeasuredSets) -> dict[str, float]:
        """The columns of ``metrics.csv`` if the metric is monitored with the name ``name``."""
        return {name: self(real, generated)}
