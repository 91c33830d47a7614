"""The reference network requested of ``jetgen evaluate``: trained, read, or published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from jetgen.classifiers.published_reference import PublishedReference
from jetgen.classifiers.reference import Reference, train_reference
from jetgen.cloud import ParticleCloud
from jetgen.config.evaluate import PUBLISHED, EvaluateConfig
from jetgen.errors import InputError
from jetgen.files.whole import sha256
from jetgen.physics.observables import MeasuredSets


class FoundReference(NamedTuple):
    """A network, the real jets that were not used to train it, and its origin.

    Args:
        activations: function from jets to activations ``(B, d)``.
        held_out: real jets that were not used to train it.
        record: path, hash and training of the network, to reproduce the evaluation.
    """

    activations: Callable[[MeasuredSets], Tensor]
    held_out: ParticleCloud
    record: dict[str, Any]


def find_reference(
    config: EvaluateConfig, real: ParticleCloud, progress: Callable[[str], None]
) -> FoundReference | None:
    """The network requested by the options; ``None`` if they request none.

    Raises:
        InputError: when it cannot be read, or the file to be written exists already.
    """
    if config.reference == PUBLISHED:
        published = PublishedReference()
        weights = published.weights
        record = {"path": str(weights), "sha256": sha256(weights)}
        return FoundReference(published.activations, real, record)
    data = sha256(config.real) if Path(config.real).is_file() else None
    if config.train_reference:
        path = Path(config.reference or Path(config.real).with_suffix(".reference.safetensors"))
        if path.exists():
            raise InputError(
                f"{path}: expected a new file for the reference network, found an existing one; "
                f"use it with reference={str(path)!r}, choose another, or remove it"
            )
        reference = train_reference(real, seed=config.seed, data=data, progress=progress)
        reference.save(path)
    elif config.reference is None:
        return None
    else:
        path = Path(config.reference)
        reference = Reference.load(path)
    record = {"path": str(path), "sha256": sha256(path), **reference.state}
    return FoundReference(reference.activations, real[reference.held_out(len(real), data)], record)
