"""The data that a run is trained on, as its options name them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import REGION, TrainConfig
from jetgen.datasets import read
from jetgen.objectives.preparation import represent
from jetgen.physics.columns import columns
from jetgen.physics.observable_values import observe, values_by_name
from jetgen.physics.observables import measure
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
    inside = Region(config.region).select(observables_of(jets, config))
    return jets.with_conditions({Feature(REGION): inside})


def observables_of(jets: ParticleCloud, config: TrainConfig) -> dict[str, Tensor]:
    """What a region can ask of jets in the representation of ``config``, ``(B,)`` by name."""
    if config.representation == "features":
        return {observable.name: values for observable, values in columns(jets)}
    return values_by_name(observe(jets, measure(jets)))
