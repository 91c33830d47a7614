"""What a file of jets holds, and what is odd about it, found in one pass of bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN_ENERGY, ParticleCloud
from jetgen.datasets.detection import detect, open_source
from jetgen.physics.classes import class_name


@dataclass
class Range:
    """The extent of one column over all finite values seen."""

    unit: str = ""
    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, values: Tensor) -> None:
        finite = values[torch.isfinite(values)].double()
        if len(finite):
            self.count += len(finite)
            self.total += float(finite.sum())
            self.low = min(self.low, float(finite.min()))
            self.high = max(self.high, float(finite.max()))

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else float("nan")


@dataclass
class Fault:
    """Something odd: in how many jets, and the first of them."""

    jets: int
    first: int


@dataclass
class Inspection:
    """The findings about one file.

    Args:
        path: the file.
        format: the name of its format.
        jets: the number of jets ``J``.
        slots: the number of particle slots ``N``.
        classes: the number of jets of each class.
        particles: the range of each particle feature, over real particles.
        conditions: the range of each jet-level quantity, and of the ``multiplicity``.
        attributes: what the file says about itself.
        faults: what is odd, by its name.
        unread: the columns that cannot be read, and why.
    """

    path: Path
    format: str
    jets: int
    slots: int
    classes: Counter[str]
    attributes: dict[str, Any]
    particles: dict[str, Range] = field(default_factory=dict)
    conditions: dict[str, Range] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def inspect(
    path: str | Path, chunk: int = 10_000, *, map: Mapping[str, str] | None = None
) -> Inspection:
    """Read a whole file and report on it; values that :func:`read` refuses are only noted.

    Raises:
        InputError: when the file is empty, damaged, or of no known format.
    """
    path = Path(path)
    source = open_source(path, map=map)
    kinds, counts = source.types().unique(return_counts=True)
    found = Inspection(
        path,
        detect(path).name,
        len(source),
        source.slots,
        Counter({class_name(k): n for k, n in zip(kinds.tolist(), counts.tolist(), strict=True)}),
        source.attributes,
        unread=source.unread,
    )
    seen: set[int] = set()
    for start in range(0, len(source), chunk):
        stop = min(start + chunk, len(source))
        cloud = source.read(start, stop)
        _add_ranges(found, cloud)
        faults = {**_faults(cloud), **source.faults(start, stop)}
        faults["the same particles as an earlier jet"] = _repeated(cloud, seen)
        for name, jets in faults.items():
            if jets.any():
                first = start + int(jets.nonzero()[0])
                fault = found.faults.setdefault(name, Fault(0, first))
                fault.jets += int(jets.sum())
    return found


def _add_ranges(found: Inspection, cloud: ParticleCloud) -> None:
    for feature in cloud.features:
        values = cloud.feature(feature.name)[cloud.mask]
        found.particles.setdefault(feature.name, Range(feature.unit)).add(values)
    found.conditions.setdefault("multiplicity", Range()).add(cloud.multiplicity.double())
    for feature in cloud.condition_features:
        values = cloud.condition(feature.name)
        found.conditions.setdefault(feature.name, Range(feature.unit)).add(values)


def _faults(cloud: ParticleCloud) -> dict[str, Tensor]:
    """Oddities of the jets of a cloud: a name, and the jets ``(B,)`` that have it."""
    particles, mask, conditions = cloud.particles, cloud.mask, cloud.conditions
    faults = {
        "NaN in a particle": particles.isnan().any(-1).any(1),
        "infinity in a particle": particles.isinf().any(-1).any(1),
        "NaN or infinity in a jet-level quantity": ~conditions.isfinite().all(1),
        "a hole in the mask": (mask[:, 1:] & ~mask[:, :-1]).any(1),
        "no particles": ~mask.any(1),
    }
    if cloud.has_condition("pt"):
        faults["a jet pT that is not positive"] = cloud.condition("pt") <= 0
    if cloud.has_condition("mass"):
        faults["a negative jet mass"] = cloud.condition("mass") < 0
    if bool((cloud.weights != 1).any()):
        faults["a weight that is negative or no number"] = ~(cloud.weights >= 0)
    if cloud.has_condition("num_particles"):
        differs = cloud.condition("num_particles") != cloud.multiplicity
        faults["num_particles that differs from the mask"] = differs
    if cloud.features == CARTESIAN_ENERGY:
        energy, momentum = cloud.feature("E"), particles[..., :3].double().norm(dim=-1)
        faults["a negative particle energy"] = (energy < 0).any(1)
        # Files in single precision leave massless particles slightly off their mass shell.
        faults["a particle with less energy than momentum"] = (energy < momentum * 0.999).any(1)
    if any(feature.name == "ptrel" for feature in cloud.features):
        faults["a negative particle pT"] = (cloud.feature("ptrel") < 0).any(1)
    return faults


def _repeated(cloud: ParticleCloud, seen: set[int]) -> Tensor:
    """Which jets hold the same particles as one before; empty jets are not compared."""
    repeated = torch.zeros(len(cloud), dtype=torch.bool)
    for index, (particles, mask) in enumerate(zip(cloud.particles, cloud.mask, strict=True)):
        if mask.any():
            key = hash(particles[mask].numpy().tobytes())
            repeated[index] = key in seen
            seen.add(key)
    return repeated
