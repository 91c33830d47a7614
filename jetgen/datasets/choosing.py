"""Which sets of files are read: those of a class, those that meet a condition, and a draw of them.

A warning has the number of sets that a condition or missing values leave out.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.option import require
from jetgen.datasets.columns import select_columns
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError, InputWarning, some
from jetgen.kinds import kind_of_cloud
from jetgen.physics.classes import UNKNOWN_CLASS, class_index, class_name
from jetgen.physics.region import Region

_BLOCK = 10_000
"""Number of sets that are looked at together."""


class Wanted(NamedTuple):
    """The sets that are wanted.

    Args:
        jet_type: their class; ``None`` for all.
        region: the condition that they meet; ``None`` for all.
        complete: whether those with missing values (NaN) are left out.
        columns: the features that must not be missing then, by default all.
        conditions: further quantities that must not be missing.
        classes: classes by conditions, with their names; sets of none are left out.
    """

    jet_type: str | None = None
    region: Region | None = None
    complete: bool = False
    columns: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    classes: tuple[tuple[str, Region], ...] = ()

    def outside(self, cloud: ParticleCloud) -> dict[str, Tensor]:
        """The sets ``(B,)`` that do not meet the condition, by this reason."""
        if self.region is None:
            return {}
        return {f"outside select={self.region.text!r}": ~self.region.select(_values(cloud))}

    def labels(self, cloud: ParticleCloud) -> Tensor:
        """``(B,)`` number of the first class whose condition each set meets, -1 for none."""
        values = _values(cloud)
        found = torch.full((len(cloud),), UNKNOWN_CLASS)
        for number, (_, region) in reversed(list(enumerate(self.classes))):
            found[region.select(values)] = number
        return found

    def type_index(self) -> int:
        """The type index of the wanted class; tables have classes that are numbers alone."""
        names, name = [name for name, _ in self.classes], self.jet_type or ""
        if names:
            require(name in names, "jet_type", f"one of the classes {', '.join(names)}", name)
            return names.index(name)
        return int(name) if name.isdigit() else class_index(name)

    def incomplete(self, cloud: ParticleCloud) -> dict[str, Tensor]:
        """The sets ``(B,)`` that lack a value, by reason."""
        if not self.complete:
            return {}
        features = [feature.name for feature in cloud.features]
        missing = {}
        for name in dict.fromkeys([*(self.columns or features), *self.conditions]):
            if name in features:
                missing[name] = (cloud.feature(name).isnan() & cloud.mask).any(1)
            elif cloud.has_condition(name):
                missing[name] = cloud.condition(name).isnan()
        return {f"without {name}": sets for name, sets in missing.items()}


def wanted_sets(
    jet_type: str | None,
    select: str | None,
    drop_missing: bool,
    columns: Sequence[str] = (),
    conditions: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> Wanted:
    """What these options ask for.

    Raises:
        InputError: when ``select`` is no condition, or ``classes`` are not ``NAME: CONDITION``.
    """
    region = None if select is None else Region(select, "select")
    named = tuple(
        (name.strip(), Region(text, "classes"))
        for name, _, text in (each.partition(":") for each in classes)
    )
    names = [name for name, _ in named]
    once = all(names) and len(set(names)) == len(names)
    require(once, "classes", "NAME: CONDITION with a name for each class", list(classes))
    return Wanted(jet_type, region, drop_missing, tuple(columns), tuple(conditions), named)


def labels_of(source: Source, wanted: Wanted) -> Tensor:
    """The class ``(J,)`` of each set of a file by the conditions, said with counts."""
    names = list(dict.fromkeys(name for _, region in wanted.classes for name in region.names))
    source.narrowed(names, ())
    found = torch.cat([wanted.labels(cloud) for cloud in _blocks(source)])
    source.narrowed(wanted.columns, wanted.conditions)
    source.close()
    _say_classes(found, wanted, str(source.path))
    return found


def _say_classes(labels: Tensor, wanted: Wanted, where: str) -> None:
    counts = [
        f"{int((labels == number).sum()):,} {name} (type {number})"
        for number, (name, _) in enumerate(wanted.classes)
    ]
    none = int((labels == UNKNOWN_CLASS).sum())
    warnings.warn(
        f"{where}: {', '.join(counts)}; left out: {none:,} of no class", InputWarning, stacklevel=3
    )


def _values(cloud: ParticleCloud) -> dict[str, Tensor]:
    """What conditions on sets can name."""
    own = {feature.name: cloud.condition(feature.name) for feature in cloud.condition_features}
    values: dict[str, Tensor] = own | kind_of_cloud(cloud).region_values(cloud)
    return values


def drawn_rows(held: int, number: int | None, seed: int | None) -> Tensor:
    """Sorted indices ``(number,)`` of ``held`` jets, drawn at random, or the first ones.

    The first ones are taken without a seed, all if ``number`` is None or larger than ``held``.
    """
    if number is None or number >= held:
        return torch.arange(held)
    if seed is None:
        return torch.arange(number)
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(held, generator=generator)[:number].sort().values


def choose(
    sources: Sequence[Source],
    wanted: Wanted,
    jets: int | None,
    seed: int | None,
    labels: Sequence[Tensor] = (),
) -> list[Tensor]:
    """For each source, the sorted indices of the requested jets.

    The jets are taken from several files in proportion to their sizes, so that all classes are
    included.

    Args:
        sources: the files.
        wanted: which of their sets are wanted.
        jets: at most this many.
        seed: of their draw; the first ones are taken without a seed.
        labels: the classes of the sets of each file, for classes by conditions.

    Raises:
        InputError: when there are no such jets, or the condition names unknown quantities.
    """
    held: Counter[str] = Counter()
    matching = []
    for number, source in enumerate(sources):
        types = labels[number] if labels else _types(source, wanted)
        kinds, counts = types.unique(return_counts=True)
        held.update(
            {class_name(k): n for k, n in zip(kinds.tolist(), counts.tolist(), strict=True)}
        )
        kept = types >= 0 if labels else torch.ones_like(types, dtype=torch.bool)
        if wanted.jet_type is not None:
            kept = types == wanted.type_index()
        rows = kept.nonzero().squeeze(1)
        reasons = {name: left_out[rows] for name, left_out in _left_out(source, wanted).items()}
        matching.append(rows[_kept(reasons, len(rows), str(source.path))])
        source.close()
    ends = torch.tensor([0, *map(len, matching)]).cumsum(0)
    total = int(ends[-1])
    if not total:
        where = str(sources[0].path) + (" and others" if len(sources) > 1 else "")
        names = ", ".join(f"{count} {name}" for name, count in held.items())
        raise InputError(f"{where}: {_expected(wanted)}, received {names} jets")
    shares = ends * min(total, total if jets is None else jets) // total
    numbers = shares.diff().tolist()
    return [rows[drawn_rows(len(rows), n, seed)] for rows, n in zip(matching, numbers, strict=True)]


def _types(source: Source, wanted: Wanted) -> Tensor:
    """The type indices ``(J,)``; for a class of a table those of its column ``type``."""
    types = source.types()
    if wanted.jet_type is None or bool((types >= 0).any()) or "type" not in source.names:
        return types
    source.narrowed(("type",), ())
    found = torch.cat(
        [select_columns(cloud, ("type",), ()).feature("type")[:, 0] for cloud in _blocks(source)]
    )
    source.narrowed(wanted.columns, wanted.conditions)
    return torch.where(found == found.round(), found, UNKNOWN_CLASS).long()


def choose_in_memory(cloud: ParticleCloud, wanted: Wanted) -> ParticleCloud:
    """The sets that :func:`choose` would choose of a file with them, without the draw.

    Raises:
        InputError: as :func:`choose`.
    """
    if wanted.classes:
        labels = wanted.labels(cloud)
        _say_classes(labels, wanted, "data")
        cloud = cloud.with_conditions({Feature("type"): labels})[labels >= 0]
    if wanted.jet_type is not None:
        cloud = cloud[cloud.condition("type") == wanted.type_index()]
    reasons = wanted.outside(cloud) | wanted.incomplete(cloud) if len(cloud) else {}
    cloud = cloud[_kept(reasons, len(cloud), "data")]
    if not len(cloud):
        raise InputError(f"data: {_expected(wanted)}, received none")
    return cloud


def _left_out(source: Source, wanted: Wanted) -> dict[str, Tensor]:
    """The sets ``(J,)`` of a file that are left out, by reason."""
    found: dict[str, Tensor] = {}
    if wanted.region is not None:
        source.narrowed(wanted.region.names, ())
        found |= _joined(wanted.outside(cloud) for cloud in _blocks(source))
        source.narrowed(wanted.columns, wanted.conditions)
    if wanted.complete:
        found |= _joined(wanted.incomplete(cloud) for cloud in _blocks(source))
    return found


def _blocks(source: Source) -> Iterator[ParticleCloud]:
    for start in range(0, len(source), _BLOCK):
        yield source.read(start, min(start + _BLOCK, len(source)))


def _joined(parts: Iterator[dict[str, Tensor]]) -> dict[str, Tensor]:
    listed = list(parts)
    return {name: torch.cat([part[name] for part in listed]) for name in listed[0]}


def _kept(reasons: Mapping[str, Tensor], number: int, where: str) -> Tensor:
    """``(B,)`` bool, the sets that no reason leaves out; a warning has their number."""
    kept = torch.ones(number, dtype=torch.bool)
    for left_out in reasons.values():
        kept &= ~left_out
    if reasons:
        counts = {name: int(left_out.sum()) for name, left_out in reasons.items()}
        named = [f"{count:,} {name}" for name, count in counts.items() if count]
        warnings.warn(
            f"{where}: {int(kept.sum()):,} of {number:,} sets are kept"
            + (f"; left out: {some(named)}" if named else ""),
            InputWarning,
            stacklevel=3,
        )
    return kept


def _expected(wanted: Wanted) -> str:
    """The wanted sets as the beginning of a message that there are none."""
    kinds = [
        None if wanted.jet_type is None else f"of type {wanted.jet_type}",
        None if wanted.region is None else f"inside select={wanted.region.text!r}",
        "without missing values" if wanted.complete else None,
    ]
    return f"expected jets {' and '.join(filter(None, kinds))}"
