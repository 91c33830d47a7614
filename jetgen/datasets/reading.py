"""Reading jets from files of any supported format, at once or in chunks of bounded memory."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.config.option import require, typed
from jetgen.datasets.choosing import choose, wanted_sets
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
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError, InputWarning, did_you_mean, some
from jetgen.physics import fourvectors
from jetgen.weights import require_some_weight

Piece = tuple[Source, Tensor, ParticleCloud]
"""A file, the indices ``(B,)`` of jets in it, and these jets."""


def read(
    paths: Paths,
    *,
    jet_type: str | None = None,
    jets: int | None = None,
    particles: int | None = None,
    columns: Sequence[str] = (),
    conditions: Sequence[str] = (),
    map: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
    select: str | None = None,
    drop_missing: bool = False,
    seed: int = 1,
    first: bool = False,
) -> ParticleCloud:
    """Read the jets of one or several files, with the features of the files.

    Args:
        paths: files, folders or glob patterns.
        jet_type: keep only this class (``gluon`` or ``g``, ...); for a JetNet file without a
            published name, the class of its jets.
        jets: keep at most this number of jets, drawn at random from each file in proportion to its
            size, in the order of the files.
        particles: keep at most this number of particles per jet, those with the largest pT.
        columns: keep only these features, in this order; by default all columns of a table except
            the conditions. With columns of the jets themselves (``pt``, ``eta``, ``phi``, ``mass``,
            ...) every jet becomes a set of one item with these features.
        conditions: columns of a table that are conditions instead of features.
        map: the columns of a table that contain the momenta of the particles, if their names are
            not recognised: ``{"px": "part_px", "py": "part_py", "pz": "part_pz", "unit": "MeV"}``.
        allow: names of anomalies to accept: ``mask``, ``negative-pt`` and ``energy``, which
            otherwise raise an error, and ``holes``, ``mass-shell``, ``num-particles``, ``jet-mass``
            and ``jet-pt``, which otherwise give a warning.
        select: keep only sets that meet this condition on columns or observables, such as
            ``mass > 150`` or ``'ne(m-3)' > 5`` (:class:`jetgen.physics.region.Region`).
        drop_missing: keep only sets without NaN in the features and ``conditions`` that are read,
            which otherwise raises an error. Both warn of the number of sets left out.
        seed: seed for the draw of ``jets``.
        first: keep the first jets of each file instead, and read only these.

    Returns:
        Particles as ``px, py, pz[, E]`` in GeV or ``etarel, phirel, ptrel``; conditions ``pt``
        [GeV], ``eta``, ``phi`` [rad] (not in JetNet files), ``mass`` [GeV] of the jet from the
        file, ``num_particles`` (after the selection) and ``type`` (-1 if unknown).

    Raises:
        InputError: when a file is damaged or has an unknown format, when files do not match each
            other, when particles contain NaN, when event weights are negative, NaN or all zero, or
            when there are no jets of this class.
    """
    return Selection(
        paths,
        jet_type=jet_type,
        jets=jets,
        particles=particles,
        columns=columns,
        conditions=conditions,
        map=map,
        allow=allow,
        select=select,
        drop_missing=drop_missing,
        seed=seed,
        first=first,
    ).all()


def iter_chunks(
    paths: Paths,
    chunk: int = 10_000,
    *,
    jet_type: str | None = None,
    jets: int | None = None,
    particles: int | None = None,
    columns: Sequence[str] = (),
    conditions: Sequence[str] = (),
    map: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
    select: str | None = None,
    drop_missing: bool = False,
    seed: int = 1,
    first: bool = False,
) -> Iterator[ParticleCloud]:
    """The jets of :func:`read` in clouds of ``chunk`` jets (fewer in the last)."""
    return Selection(
        paths,
        jet_type=jet_type,
        jets=jets,
        particles=particles,
        columns=columns,
        conditions=conditions,
        map=map,
        allow=allow,
        select=select,
        drop_missing=drop_missing,
        seed=seed,
        first=first,
    ).chunks(chunk)


MOST_OPEN = 16
"""Files that a process keeps open while it reads jets of many files by index."""


class Selection:
    """The jets of files that :func:`read` chooses, to be read in chunks or by index; picklable.

    The arguments are those of :func:`read`, and ``extra``: further conditions, which may be missing
    where sets with missing values are left out, so that they do not change which sets are read.

    Args:
        sources: the files.
        chosen: for each file, the sorted indices of the jets in it.
        slots: the number of particle slots of the jets that are read.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        jet_type: str | None = None,
        jets: int | None = None,
        particles: int | None = None,
        columns: Sequence[str] = (),
        conditions: Sequence[str] = (),
        map: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
        select: str | None = None,
        drop_missing: bool = False,
        extra: Sequence[str] = (),
        seed: int = 1,
        first: bool = False,
    ) -> None:
        for name, number in (("jets", jets), ("particles", particles)):
            require(number is None or number > 0, name, "a positive number", number)
        unknown = [name for name in allow if name not in ALLOWED]
        map = None if map is None else typed("map", map, dict[str, str])
        require(not unknown, "allow", f"names among {', '.join(ALLOWED)}", unknown)
        wanted = wanted_sets(jet_type, select, drop_missing, columns, conditions)
        self._checked = {*CHECKED, *conditions, *(() if drop_missing else extra)}
        conditions = [*conditions, *extra]
        self.sources = [
            open_source(path, jet_type, map=map, columns=columns, conditions=conditions)
            for path in find_files(paths)
        ]
        for source in self.sources:
            _require_read(source, (*columns, *conditions))
        self.chosen = choose(self.sources, wanted, jets, None if first else seed)
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
        pieces = _pieces(self.sources, self.chosen, size, self._allow, whole=not self._columns)
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
        return select_columns(
            _cut(cloud, self.slots, self._particles), self._columns, self._conditions
        )


def _require_read(source: Source, names: Sequence[str]) -> None:
    for name in names:
        if name in source.unread:
            raise InputError(
                f"{source.path}: expected a column of numbers, received {name}: "
                f"{source.unread[name]}"
            )


def _require_held(source: Source, cloud: ParticleCloud, names: Sequence[str]) -> None:
    """Refuse a column that a table does not have; the message names all of them, not those read."""
    known = {f.name for f in (*cloud.features, *cloud.condition_features)}
    for name in names:
        if name not in known and source.names:
            raise InputError(
                f"{source.path}: column {name!r}: expected one of {some(source.names)}"
                f"{did_you_mean(name, source.names)}"
            )


def _warn_of_unread(source: Source) -> None:
    """Warn of columns, but for an index, that cannot be features where all columns are."""
    unread = [
        f"{name} ({reason})" for name, reason in source.unread.items() if "index" not in reason
    ]
    if unread and source.slots == 1:
        warnings.warn(
            f"{source.path}: columns that are left out: {some(unread)}", InputWarning, stacklevel=3
        )


def _slots(source: Source) -> int:
    slots = source.slots
    source.close()
    return slots


def _pieces(
    sources: list[Source], chosen: list[Tensor], block: int, allow: Sequence[str], whole: bool
) -> Iterator[Piece]:
    """The chosen jets, at most ``block`` at a time, with their indices in their file.

    Warns of columns that cannot be read where the ``whole`` table is asked for.
    """
    for source, indices in zip(sources, chosen, strict=True):
        faults: dict[str, Fault] = {}
        started = False
        end = int(indices[-1]) + 1 if len(indices) else 0
        for start in range(0, end, block):
            stop = min(start + block, end)
            local = indices[(indices >= start) & (indices < stop)] - start
            if len(local):
                cloud = source.read(start, stop)
                if not started:
                    if whole:
                        _warn_of_unread(source)
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
        _require_weights(whole, source, numbers)
        _require_held(source, whole, (*columns, *conditions))
        cloud = select_columns(whole, columns, conditions)
        _require_finite(cloud, source, numbers, checked)
        first = first or (source, cloud)
        _require_alike(cloud, source, *first)
        yield cloud


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


CHECKED = (*(feature.name for feature in fourvectors.JET_KINEMATICS), "num_particles", "type")
"""The conditions of jets that must be finite; other conditions only if they are requested."""


def _require_finite(
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


def _require_weights(cloud: ParticleCloud, source: Source, numbers: Tensor) -> None:
    odd = ~((cloud.weights >= 0) & cloud.weights.isfinite())
    if bool(odd.any()):
        first = int(odd.nonzero()[0])
        raise InputError(
            f"{source.path}: expected finite event weights of zero or more, received "
            f"{int(odd.sum())} others, first {float(cloud.weights[first]):g} in jet "
            f"{int(numbers[first])}; correct the file or remove these jets"
        )


def _require_alike(
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
