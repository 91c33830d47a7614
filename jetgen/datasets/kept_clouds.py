"""Clouds as arrays that can be kept until an output is complete, and back."""

from __future__ import annotations

import numpy as np
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.files.chunks import Arrays


def arrays_of(cloud: ParticleCloud) -> Arrays:
    """The tensors of a cloud, with the names and units of its columns."""
    return {
        "particles": cloud.particles.numpy(),
        "mask": cloud.mask.numpy(),
        "features": np.array(cloud.features, dtype=np.str_).reshape(-1, 2),
        "conditions": cloud.conditions.numpy(),
        "condition_features": np.array(cloud.condition_features, dtype=np.str_).reshape(-1, 2),
        "weights": cloud.weights.numpy(),
    }


def cloud_of(arrays: Arrays) -> ParticleCloud:
    """The inverse of :func:`arrays_of`."""
    features, conditions = (
        tuple(Feature(*map(str, pair)) for pair in arrays[name])
        for name in ("features", "condition_features")
    )
    tensors = {
        name: torch.from_numpy(arrays[name])
        for name in ("particles", "mask", "conditions", "weights")
    }
    return ParticleCloud(**tensors, features=features, condition_features=conditions)
