"""Conversion of simulated sets to clouds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from jetgen.cloud import CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.physics.fourvectors import JET_KINEMATICS

if TYPE_CHECKING:
    from jetgen.datasets.simulation.clustering import Jets

TYPE = Feature("type")


@dataclass(frozen=True)
class Sets:
    """``S`` sets of ``N`` items each.

    Args:
        features: names and units of the ``F`` features of the items.
        items: ``(S, N, F)``.
        types: ``(S,)`` type index of each set.
        weights: ``(S,)`` weight of each set.
    """

    features: tuple[Feature, ...]
    items: NDArray[np.float64]
    types: NDArray[np.int64]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.items)

    def select(self, keep: NDArray[np.bool_]) -> Sets:
        """The sets that ``keep`` ``(S,)`` marks."""
        return self.take(np.flatnonzero(keep))

    def take(self, index: NDArray[np.int64]) -> Sets:
        """The sets with these indices, in the order of the indices."""
        return Sets(self.features, self.items[index], self.types[index], self.weights[index])

    @staticmethod
    def joined(parts: Sequence[Sets]) -> Sets:
        """All sets of parts with the same features."""
        return Sets(
            parts[0].features,
            np.concatenate([part.items for part in parts]),
            np.concatenate([part.types for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )

    def to_cloud(self) -> ParticleCloud:
        """The sets as a cloud in double precision, with the condition ``type``."""
        return ParticleCloud(
            torch.from_numpy(self.items),
            torch.ones(self.items.shape[:2], dtype=torch.bool),
            self.features,
            torch.from_numpy(self.types.astype(np.float64)).unsqueeze(1),
            (TYPE,),
            torch.from_numpy(self.weights),
        )


def to_cloud(jets: Jets, jet_type: int) -> ParticleCloud:
    """Jets as a padded cloud of their particles in double precision."""
    from jetgen.datasets.simulation.clustering import kinematics

    mask = np.arange(jets.counts.max(initial=1)) < jets.counts[:, None]
    particles = np.zeros((*mask.shape, 4))
    particles[mask] = jets.constituents.T
    conditions = np.stack(
        [*kinematics(jets.momenta), jets.counts, np.full(len(jets), jet_type)], axis=1
    )
    return ParticleCloud(
        torch.from_numpy(particles),
        torch.from_numpy(mask),
        CARTESIAN_ENERGY,
        torch.from_numpy(conditions),
        (*JET_KINEMATICS, Feature("num_particles"), TYPE),
    )
