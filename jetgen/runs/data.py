"""The data that a run is trained on, as its options name them."""

from __future__ import annotations

from collections.abc import Sequence

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
