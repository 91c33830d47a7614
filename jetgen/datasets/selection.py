"""The jets of files that are to be read: all at once, in chunks of bounded memory, or by index."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Unpack

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.config.option import require, typed
from jetgen.config.reading import FileOptions
from jetgen.datasets.choosing import choose, labels_of, wanted_sets
from jetgen.datasets.columns import select_columns
from jetgen.datasets.detection import Paths, find_files, open_source
from jetgen.datasets.faults import (
    ALLOWED,
    Fault,
    counted,
    faults_of,
    refuse_faults,
    warn_of_doubts,
    warn_of_faults,
)
from jetgen.datasets.formats.categories import expanded, words_of
from jetgen.datasets.formats.source import Source
from jetgen.datasets.requirements import (
    CHECKED,
    require_alike,
    require_finite,
    require_held,
    require_read,
    require_weights_of_file,
    warn_of_unread,
)
from jetgen.errors import InputError, did_you_mean
from jetgen.physics import fourvectors
from jetgen.weights import require_some_weight

Piece = tuple[Source, Tensor, ParticleCloud]
"""A file, the indices ``(B,)`` of jets in it, and these jets."""

MOST_OPEN = 16
"""Files that a process keeps open while it reads jets of many files by index."""


class ReadOptions(FileOptions, total=False):
    """The options of :func:`jetgen.read`, which describes them.

    In addition ``extra``: further conditions, which may be missing where sets with missing values
    are left out, so that they do not change which sets are read.
    """

    jet_type: str | None
    particles: int | None
    columns: Sequence[str]
    conditions: Sequence[str]
    extra: Sequence[str]
    classes: Sequence[str]


DEFAULTS: ReadOptions = {
    "map": None,
    "allow": (),
    "select": None,
    "drop_missing": False,
    "jets": None,
    "seed": 1,
    "first": False,
    "jet_type": None,
    "particles": None,
    "columns": (),
    "conditions": (),
    "extra": (),
    "classes": (),
}


class Selection:
    """The jets of files that :func:`jetgen.read` chooses; picklable.

    Args:
        paths: files, folders or glob patterns.
        options: those of :func:`jetgen.read`.

    Attributes:
        sources: the files.
        chosen: for each file, the sorted indices of the jets in it.
        slots: the number of particle slots of the jets that are read.

    Raises:
        InputError: for an unknown or unsuitable option, when files cannot be read, or when there
            are no jets of the class.
    """

    def __init__(self, paths: Paths, **options: Unpack[ReadOptions]) -> None:
        for name in options:
            if name not in DEFAULTS:
                meant = did_you_mean(name, DEFAULTS)
                raise InputError(f"options: expected those of jetgen.read, received {name}{meant}")
        given: ReadOptions = {**DEFAULTS, **options}
        jets, particles, allow = given["jets"], given["particles"], given["allow"]
        columns, conditions = given["columns"], given["conditions"]
        for name, number in (("jets", jets), ("particles", particles)):
            require(number is None or number > 0, name, "a positive number", number)
        for name, names in (("columns", columns), ("conditions", conditions)):
            require(len(set(names)) == len(names), name, "each column once", list(names))
        unknown = [name for name in allow if name not in ALLOWED]
        map = None if given["map"] is None else typed("map", given["map"], dict[str, str])
        require(not unknown, "allow", f"names among {', '.join(ALLOWED)}", unknown)
        complete, extra = given["drop_missing"], given["extra"]
        self.sources = [
            open_source(path, given["jet_type"], map=map, columns=columns, conditions=conditions)
            for path in find_files(paths)
        ]
        words = words_of(self.sources, (*columns, *conditions, *extra))
        columns, conditions, extra = (
            expanded(names, words) for names in (columns, conditions, extra)
        )
        wanted = wanted_sets(
            given["jet_type"], given["select"], complete, columns, conditions, given["classes"]
        )
        self._checked = {*CHECKED, *conditions, *(() if complete else extra)}
        conditions = [*conditions, *extra]
        for source in self.sources:
            source.with_categories({k: words[k] for k in words if k in source.categories})
            source.narrowed(columns, conditions)
            require_read(source, (*columns, *conditions))
        seed = None if given["first"] else given["seed"]
        self.labels = [labels_of(each, wanted) for each in self.sources if wanted.classes]
        self.chosen = choose(self.sources, wanted, jets, seed, self.labels)
        for source in self.sources:
            source.narrowed(columns, conditions)
        self.slots = particles or max(_slots(source) for source in self.sources)
        self._particles, self._allow = particles, tuple(allow)
        self._columns, self._conditions = tuple(columns), tuple(conditions)
        self._paths, self._open = paths, deque[int]()

    def __len__(self) -> int:
        return sum(map(len, self.chosen))

    def __getstate__(self) -> dict[str, Any]:
        """What :meth:`rows` needs in another process."""
        return {**vars(self), "chosen": [], "_open": deque()}

    def chunks(self, size: int) -> Iterator[ParticleCloud]:
        """All jets in order, checked, in clouds of ``size`` jets (fewer in the last)."""
        require(size > 0, "chunk", "a positive number", size)
        pieces = _pieces(
            self.sources, self.chosen, self.labels, size, self._allow, whole=not self._columns
        )
        whole = (
            (source, numbers, _cut(cloud, self.slots, self._particles))
            for source, numbers, cloud in pieces
        )
        return _rebatch(_selected(whole, self._columns, self._conditions, self._checked), size)

    def all(self) -> ParticleCloud:
        """All jets, checked."""
        cloud = ParticleCloud.concatenate(list(self.chunks(10_000)))
        self.require_weight(cloud.weights)
        return cloud

    def require_weight(self, weights: Tensor) -> None:
        """Raise :class:`InputError` when all weights ``(B,)``, of all jets or parts, are zero."""
        require_some_weight(weights, f"{self._paths}: weights")

    @property
    def block(self) -> int | None:
        """Jets that are best read together; ``None`` if a file can only be read as a whole."""
        blocks = [source.block for source in self.sources]
        for source in self.sources:
            source.close()
        return None if None in blocks else max(filter(None, blocks))

    @property
    def bytes(self) -> int:
        """Of all jets in memory, as they are read."""
        file = next(k for k, numbers in enumerate(self.chosen) if len(numbers))
        jet = self.rows(file, self.chosen[file][:1])
        return len(self) * sum(
            tensor.nbytes for tensor in (jet.particles, jet.mask, jet.conditions, jet.weights)
        )

    def rows(self, file: int, numbers: Tensor) -> ParticleCloud:
        """The jets with these sorted indices ``(B,)`` in a file, which are not checked again."""
        if file not in self._open:
            self._open.append(file)
            if len(self._open) > MOST_OPEN:
                self.sources[self._open.popleft()].close()
        start, stop = int(numbers[0]), int(numbers[-1]) + 1
        cloud = self.sources[file].read(start, stop)[numbers - start]
        if self.labels:
            cloud = cloud.with_conditions({Feature("type"): self.labels[file][numbers]})
        return select_columns(
            _cut(cloud, self.slots, self._particles), self._columns, self._conditions
        )


def _slots(source: Source) -> int:
    slots = source.slots
    source.close()
    return slots


def _pieces(
    sources: list[Source],
    chosen: list[Tensor],
    labels: list[Tensor],
    block: int,
    allow: Sequence[str],
    whole: bool,
) -> Iterator[Piece]:
    """The chosen jets, at most ``block`` at a time, with their indices in their file.

    Warns of columns that cannot be read where the ``whole`` table is asked for.
    """
    for file, (source, indices) in enumerate(zip(sources, chosen, strict=True)):
        faults: dict[str, Fault] = {}
        started = False
        end = int(indices[-1]) + 1 if len(indices) else 0
        for start in range(0, end, block):
            stop = min(start + block, end)
            local = indices[(indices >= start) & (indices < stop)] - start
            if len(local):
                cloud = source.read(start, stop)
                if labels:
                    cloud = cloud.with_conditions({Feature("type"): labels[file][start:stop]})
                if not started:
                    if whole:
                        warn_of_unread(source)
                    warn_of_doubts(source.path, source.doubts(cloud))
                started = True
                odd = {**faults_of(cloud), **source.faults(start, stop)}
                found = counted({k: jets[local] for k, jets in odd.items()}, local + start)
                refuse_faults(source.path, found, allow)
                for name, fault in found.items():
                    before = faults.get(name, Fault(0, fault.first))
                    faults[name] = Fault(before.jets + fault.jets, before.first)
                yield source, local + start, cloud[local]
        warn_of_faults(source.path, faults, allow)
        source.close()


def _selected(
    pieces: Iterator[Piece],
    columns: Sequence[str],
    conditions: Sequence[str],
    checked: Collection[str],
) -> Iterator[ParticleCloud]:
    """The requested columns, checked to be finite and the same in all files."""
    first: tuple[Source, ParticleCloud] | None = None
    for source, numbers, whole in pieces:
        require_weights_of_file(whole, source, numbers)
        require_held(source, whole, (*columns, *conditions))
        cloud = select_columns(whole, columns, conditions)
        require_finite(cloud, source, numbers, checked)
        first = first or (source, cloud)
        require_alike(cloud, source, *first)
        yield cloud


def _cut(cloud: ParticleCloud, slots: int, particles: int | None) -> ParticleCloud:
    """The cloud in ``slots`` slots: padded, or its leading particles by pT."""
    if particles is not None:
        transverse = (
            fourvectors.pt(cloud.particles)
            if cloud.features[:3] == CARTESIAN
            else cloud.feature("ptrel")
        ).masked_fill(~cloud.mask, -torch.inf)
        order = transverse.argsort(dim=1, descending=True, stable=True)
        cloud = replace(
            cloud,
            particles=torch.take_along_dim(cloud.particles, order.unsqueeze(-1), dim=1),
            mask=torch.take_along_dim(cloud.mask, order, dim=1),
        ).compact(particles)
    missing = slots - cloud.mask.shape[1]
    if missing > 0:
        cloud = replace(
            cloud,
            particles=torch.nn.functional.pad(cloud.particles, (0, 0, 0, missing)),
            mask=torch.nn.functional.pad(cloud.mask, (0, missing)),
        )
    return cloud.with_conditions({Feature("num_particles"): cloud.multiplicity})


def _rebatch(pieces: Iterator[ParticleCloud], size: int) -> Iterator[ParticleCloud]:
    pending: list[ParticleCloud] = []
    for piece in pieces:
        pending.append(piece)
        if sum(map(len, pending)) >= size:
            joined = ParticleCloud.concatenate(pending)
            yield joined[:size]
            pending = [joined[size:]] if len(joined) > size else []
    if pending:
        yield ParticleCloud.concatenate(pending)
