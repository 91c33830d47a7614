"""``jetgen inspect``: contents and anomalies of a file, in one pass with bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.detection import detect, open_source
from jetgen.datasets.faults import Fault, counted, faults_of, fingerprints, repeated
from jetgen.physics.classes import class_name


@dataclass
class Range:
    """Smallest, largest and mean value of one feature or condition over all finite values.

    The mean is weighted; event weights that cannot be used count as zero.
    """

    unit: str = ""
    count: int = 0
    total: float = 0.0
    weight: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, values: Tensor, weights: Tensor | None = None) -> None:
        used = torch.isfinite(values)
        finite = values[used].double()
        if len(finite):
            known = torch.ones_like(finite) if weights is None else weights[used].double()
            known = known.where((known >= 0) & known.isfinite(), 0)
            self.count += len(finite)
            self.total += float(known @ finite)
            self.weight += float(known.sum())
            self.low = min(self.low, float(finite.min()))
            self.high = max(self.high, float(finite.max()))

    @property
    def mean(self) -> float:
        return self.total / self.weight if self.weight else float("nan")


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
        weights: the range of the event weights.
        attributes: metadata of the file.
        faults: anomalies by name.
        unread: the columns that cannot be read, with the reason.
        doubts: remarks on what the file may be instead.
    """

    path: Path
    format: str
    jets: int
    slots: int
    classes: Counter[str]
    attributes: dict[str, Any]
    particles: dict[str, Range] = field(default_factory=dict)
    conditions: dict[str, Range] = field(default_factory=dict)
    weights: Range = field(default_factory=Range)
    faults: dict[str, Fault] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def inspect(
    path: str | Path,
    chunk: int = 10_000,
    *,
    map: Mapping[str, str] | None = None,
    known: list[Tensor] | None = None,
) -> Inspection:
    """Read a whole file and report on it; values that :func:`read` rejects are only reported.

    Args:
        path: the file.
        chunk: number of jets that are read at once.
        map: columns that contain the momenta, if their names are not recognised.
        known: keys of the jets of other files, to find copies across files; those of this file
            are added.

    Raises:
        InputError: when the file is empty, damaged, or of no known format.
    """
    path = Path(path)
    form = detect(path)
    source = open_source(path, map=map, form=form)
    kinds, counts = source.types().unique(return_counts=True)
    found = Inspection(
        path,
        form.name,
        len(source),
        source.slots,
        Counter({class_name(k): n for k, n in zip(kinds.tolist(), counts.tolist(), strict=True)}),
        source.attributes,
        unread=source.unread,
    )
    known = [] if known is None else known
    keys = torch.zeros(len(source), dtype=torch.int64)  # at once: pieces would fragment the memory
    filled = torch.zeros(len(source), dtype=torch.bool)
    for start in range(0, len(source), chunk):
        stop = min(start + chunk, len(source))
        cloud = source.read(start, stop)
        if start == 0:
            found.doubts += source.doubts(cloud)
        _add_ranges(found, cloud)
        faults = {**faults_of(cloud), **source.faults(start, stop)}
        keys[start:stop], filled[start:stop] = fingerprints(cloud), cloud.mask.any(1)
        for name, fault in counted(faults, torch.arange(start, stop)).items():
            before = found.faults.get(name, Fault(0, fault.first))
            found.faults[name] = Fault(before.jets + fault.jets, before.first)
    if found.weights.low == found.weights.high == 0:
        found.doubts.append("all event weights are zero; correct them, or leave them out")
    before_this = sum(len(others) for others in known)
    known.append(keys[filled])
    again = repeated(torch.cat(known))[before_this:]
    copies = {"the same particles as an earlier jet": again}
    found.faults |= counted(copies, filled.nonzero()[:, 0])
    return found


def _add_ranges(found: Inspection, cloud: ParticleCloud) -> None:
    weights = cloud.weights
    of_items = weights.unsqueeze(1).expand(cloud.mask.shape)[cloud.mask]
    for feature in cloud.features:
        values = cloud.feature(feature.name)[cloud.mask]
        found.particles.setdefault(feature.name, Range(feature.unit)).add(values, of_items)
    found.weights.add(weights)
    found.conditions.setdefault("multiplicity", Range()).add(cloud.multiplicity.double(), weights)
    for feature in cloud.condition_features:
        values = cloud.condition(feature.name)
        found.conditions.setdefault(feature.name, Range(feature.unit)).add(values, weights)
