"""What reading requires of the columns and numbers of files."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError, InputWarning, did_you_mean, some
from jetgen.physics import fourvectors

CHECKED = (*(feature.name for feature in fourvectors.JET_KINEMATICS), "num_particles", "type")
"""The conditions of jets that must be finite; other conditions only if they are requested."""


def require_read(source: Source, names: Sequence[str]) -> None:
    for name in names:
        if name in source.unread:
            raise InputError(
                f"{source.path}: expected a column of numbers, received {name}: "
                f"{source.unread[name]}"
            )


def require_held(source: Source, cloud: ParticleCloud, names: Sequence[str]) -> None:
    """Refuse a column that a table does not have; the message names all of them, not those read."""
    known = {f.name for f in (*cloud.features, *cloud.condition_features)}
    for name in names:
        if name not in known and source.names:
            raise InputError(
                f"{source.path}: column {name!r}: expected one of {some(source.names)}"
                f"{did_you_mean(name, source.names)}"
            )


def warn_of_unread(source: Source) -> None:
    """Warn of columns, but for an index, that cannot be features where all columns are."""
    unread = [
        f"{name} ({reason})" for name, reason in source.unread.items() if "index" not in reason
    ]
    if unread and source.slots == 1:
        warnings.warn(
            f"{source.path}: columns that are left out: {some(unread)}", InputWarning, stacklevel=3
        )


def require_finite(
    cloud: ParticleCloud, source: Source, numbers: Tensor, checked: Collection[str]
) -> None:
    kept = [i for i, f in enumerate(cloud.condition_features) if f.name in checked]
    conditions = tuple(cloud.condition_features[i] for i in kept)
    for name, values, columns in (
        ("particles", cloud.particles, cloud.features),
        ("jets", cloud.conditions[:, kept], conditions),
    ):
        bad = ~torch.isfinite(values).all(-1)
        if bad.any():
            odd = (~torch.isfinite(values)).reshape(-1, values.shape[-1]).any(0).tolist()
            names = ", ".join(f.name for f, found in zip(columns, odd, strict=False) if found)
            which = f"columns: {names}; " if names else ""
            jet = int(numbers[bad.reshape(len(cloud), -1).any(1)][0])
            raise InputError(
                f"{source.path}: expected finite numbers, received NaN or infinity in "
                f"{int(bad.sum())} {name}, first in jet {jet}; {which}"
                "`jetgen inspect` shows what is odd about a file"
            )


def require_weights_of_file(cloud: ParticleCloud, source: Source, numbers: Tensor) -> None:
    odd = ~((cloud.weights >= 0) & cloud.weights.isfinite())
    if bool(odd.any()):
        first = int(odd.nonzero()[0])
        raise InputError(
            f"{source.path}: expected finite event weights of zero or more, received "
            f"{int(odd.sum())} others, first {float(cloud.weights[first]):g} in jet "
            f"{int(numbers[first])}; correct the file or remove these jets"
        )


def require_alike(
    cloud: ParticleCloud, source: Source, other: Source, model: ParticleCloud
) -> None:
    def columns(cloud: ParticleCloud) -> tuple[tuple[Feature, ...], ...]:
        return cloud.features, cloud.condition_features

    if columns(cloud) != columns(model):
        ours, theirs = (
            ", ".join(f.name for f in (*c.features, *c.condition_features)) for c in (cloud, model)
        )
        raise InputError(
            f"{source.path}: expected {theirs} as in {other.path}, received {ours}; read files "
            "of different formats separately"
        )
