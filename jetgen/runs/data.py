"""The data that a run is trained on, as its options name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import REGION, TrainConfig
from jetgen.datasets import read
from jetgen.objectives.preparation import represent
from jetgen.physics.region import Region


def load_jets(config: TrainConfig, beside: Sequence[str] = ()) -> ParticleCloud:
    """The jets that ``config`` names, in its representation.

    ``beside`` names further columns of a table that are kept as conditions.
    """
    jets = read(
        config.data,
        jet_type=config.jet_type,
        jets=config.jets,
        columns=config.columns,
        conditions=[*config.columns_beside(), *beside],
    )
    jets = represent(jets, config)
    if config.region is None:
        return jets
    inside = Region(config.region).select(config.kind.region_values(jets))
    return jets.with_conditions({Feature(REGION): inside})


class JetStore:
    """The jets that several runs name, each set of them read once."""

    def __init__(self) -> None:
        self._jets: dict[tuple[Any, ...], ParticleCloud] = {}

    def jets(self, config: TrainConfig) -> ParticleCloud:
        """:func:`load_jets`, or what it returned for the same data read in the same way."""
        key = (
            tuple(config.data),
            config.jet_type,
            config.jets,
            config.columns,
            tuple(config.columns_beside()),
            config.particles,
            config.representation,
            config.region,
        )
        if key not in self._jets:
            self._jets[key] = load_jets(config)
        return self._jets[key]
