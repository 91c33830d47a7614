"""The columns of files that become features, and those that become conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from jetgen.cloud import Feature, ParticleCloud


def select_columns(
    cloud: ParticleCloud, columns: Sequence[str], conditions: Sequence[str]
) -> ParticleCloud:
    """The cloud with these features, and with features of sets of one moved to its conditions."""
    items = {feature.name for feature in cloud.features}
    if columns and items.isdisjoint(columns) and all(map(cloud.has_condition, columns)):
        cloud = _as_items(cloud, columns)
    moved = [name for name in conditions if not cloud.has_condition(name)]
    if moved and cloud.mask.shape[1] == 1:
        known = {feature.name: feature for feature in cloud.features}
        cloud = cloud.with_conditions(
            {known.get(name, Feature(name)): cloud.feature(name)[:, 0] for name in moved}
        )
    else:
        for name in moved:
            cloud.condition(name)  # the error lists the available ones
    kept = columns or [f.name for f in cloud.features if f.name not in moved]
    if tuple(kept) == tuple(f.name for f in cloud.features):
        return cloud
    named = {feature.name: feature for feature in cloud.features}
    values = torch.stack([cloud.feature(name) for name in kept], dim=-1)
    return replace(cloud, particles=values, features=tuple(named[name] for name in kept))


def _as_items(cloud: ParticleCloud, columns: Sequence[str]) -> ParticleCloud:
    """Each set as one item whose features are these conditions; the others remain conditions."""
    kept = [i for i, f in enumerate(cloud.condition_features) if f.name not in columns]
    named = {feature.name: feature for feature in cloud.condition_features}
    return ParticleCloud(
        torch.stack([cloud.condition(name) for name in columns], dim=1).unsqueeze(1),
        torch.ones(len(cloud), 1, dtype=torch.bool),
        tuple(named[name] for name in columns),
        cloud.conditions[:, kept],
        tuple(cloud.condition_features[i] for i in kept),
        cloud.weights,
    )
