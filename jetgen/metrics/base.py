"""The contract of metrics that other packages add, and of figures that a training monitors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from jetgen.config.component import Component
from jetgen.physics.observables import MeasuredSets


class Metric(Component, ABC):
    """A number that says how far generated jets are from real ones; less is better.

    A metric of the group ``jetgen.metrics`` is a row of ``jetgen evaluate``, with its real-vs-real
    floor and its uncertainty: it is then called :attr:`replicas` times on splits of the real jets,
    and as often on bootstrap resamplings. One of the group ``jetgen.figures`` can be monitored
    during a training; a metric that is quick may be in both.
    """

    title: ClassVar[str]
    """The metric in words."""

    unit: ClassVar[str] = ""
    """The unit of the number, empty where it has none."""

    scale: ClassVar[float] = 1.0
    """Divides the number as printed."""

    replicas: ClassVar[int] = 20
    """How many splits and resamplings the floor and the uncertainty are taken from."""

    @abstractmethod
    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        """The number.

        Args:
            real: real jets: ``real.relative`` is the
                :class:`~jetgen.cloud.ParticleCloud` of their relative features,
                ``real.observables`` has their observables ``(B,)`` by name.
            generated: generated jets, as many in an evaluation.
        """

    def figures(self, name: str, real: MeasuredSets, generated: MeasuredSets) -> dict[str, float]:
        """The columns of ``metrics.csv`` when it is monitored under ``name``."""
        return {name: self(real, generated)}
