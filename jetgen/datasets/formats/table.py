"""Base of containers of columns: ROOT, Parquet, CSV, pandas and plain arrays.

Columns with recognised names of particle momenta are read as jets
(:mod:`jetgen.datasets.formats.recognition`), all others as sets of arbitrary named features. A
column name that ends with a unit in brackets, ``px [GeV]``, defines the unit; a column ``weight``
contains event weights. A column of few words is one column of zeros and ones for each of them
(:mod:`jetgen.datasets.formats.categories`). A row is a set of one item; if some columns contain
lists, these are the features of the items of a set, and columns of single numbers are conditions of
the sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.faults import BAD_MASK, NEGATIVE_PT, doubtful_unit
from jetgen.datasets.formats.column_source import BLOCK, ColumnSource, Lists, Values
from jetgen.datasets.formats.labels import types_of_columns
from jetgen.datasets.formats.momenta import Slots, assemble, jet_features
from jetgen.datasets.formats.names import Column, is_index, is_weight
from jetgen.datasets.formats.precision import single as single_precision
from jetgen.datasets.formats.recognition import JetColumns, suggestion
from jetgen.errors import InputError, some
from jetgen.physics.classes import UNKNOWN_CLASS

WEIGHT = Feature("weight")
"""The column of event weights."""


class TableSource(ColumnSource):
    """Rows of columns: jets if the names of columns are recognised, else sets of named features."""

    def doubts(self, cloud: ParticleCloud) -> list[str]:
        layout = self._layout
        if layout is not None:
            return self._doubts_of_jets(layout, cloud)
        if "unit" in self._map:
            return []
        if self._columns or any(column.items for column in self.columns):
            return []
        names = [column.name for column in self.columns if is_index(column.name)]
        if not names:
            return []
        found = self.values(names, 0, min(len(self), BLOCK))
        keys = np.stack([np.asarray(found[name]) for name in names], axis=1)
        if len(np.unique(keys, axis=0)) > 0.75 * len(keys):
            return []
        return [
            f"several rows have the same {' and '.join(names)}; if they are the items of one set, "
            f"read them with {suggestion({'set': '+'.join(names)})}, otherwise each row is a set"
        ]

    def _doubts_of_jets(self, layout: JetColumns, cloud: ParticleCloud) -> list[str]:
        doubts: list[str] = []
        if "unit" not in self._map:
            advice = f"{suggestion({'unit': 'MeV'})} converts it; GeV says that it is not"
            doubts += filter(None, [doubtful_unit(cloud, advice)])
        names = [c.name for c in self._merged.values() if not c.items and is_weight(c.name)]
        if layout.weight is None and names:
            doubts.append(
                f"{', '.join(names)} is not used as event weight; "
                f"{suggestion({'weight': names[0]})} makes it one"
            )
        return doubts

    @property
    def slots(self) -> int:
        if "slots" not in self._found:
            self._found["slots"] = self._count_slots()
        return int(self._found["slots"])

    def types(self) -> Tensor:
        layout = self._layout
        if layout is None or not (layout.classes or layout.type):
            return torch.full((len(self),), UNKNOWN_CLASS)
        if "types" not in self._found:
            names = sorted({mark.column for mark in layout.classes.values()} or {layout.type or ""})
            blocks = range(0, len(self), BLOCK)
            parts = [
                types_of_columns(
                    layout,
                    self._read(names, start, min(start + BLOCK, len(self))),
                    self.path,
                    start,
                )
                for start in blocks
            ]
            self._found["types"] = torch.cat(parts)
        return self._found["types"]

    def read(self, start: int, stop: int) -> ParticleCloud:
        layout = self._layout
        return self._sets(start, stop) if layout is None else self._jets(layout, start, stop)

    def _jets(self, layout: JetColumns, start: int, stop: int) -> ParticleCloud:
        merged = self._merged
        known = {feature.name for feature in jet_features(layout)} | layout.used
        asked = {*self._columns, *self._conditions}
        others = [c for c in merged.values() if c.name not in known]
        if asked:
            others = [column for column in others if column.name in asked]
        single = [column for column in others if not column.items]
        more = [column for column in others if column.items and column.name in asked]
        names = [*layout.used, *(column.name for column in (*single, *more))]
        found = self._read(names, start, stop)
        self._require_equal_lengths([*layout.particles.values(), *(c.name for c in more)], found)
        particles = {role: self._slots_of(found[name]) for role, name in layout.particles.items()}
        jets = {role: found[name] for role, name in layout.jets.items()}
        types = (
            types_of_columns(layout, found, self.path, start)
            if layout.classes or layout.type
            else torch.full((stop - start,), UNKNOWN_CLASS)
        )
        extra = {Feature(c.name, c.unit): self._slots_of(found[c.name]).values for c in more}
        padded = any(merged[name].length for name in layout.particles.values())
        weight = found.get(layout.weight or "")
        cloud = assemble(
            particles,
            jets,
            types,
            scale=layout.scale,
            padded=padded,
            extra=extra,
            weights=None if weight is None else torch.from_numpy(np.asarray(weight)).float(),
        )
        conditions = {
            Feature(c.name, c.unit): self._single(c.name, found[c.name], used=c.name in asked)
            for c in single
        }
        return cloud.with_conditions(conditions)

    def _sets(self, start: int, stop: int) -> ParticleCloud:
        lists, single = self._asked
        if not lists and not single:
            raise self._no_numbers()
        found = self._values([c.name for c in (*lists, *single)], start, stop)
        numbers = {
            Feature(c.name, c.unit): self._single(c.name, found[c.name], used=True) for c in single
        }
        weights = [numbers.pop(f) for f in list(numbers) if f.name == WEIGHT.name]
        weight: Any = weights[0] if weights else None
        if not lists:
            mask = torch.ones(stop - start, 1, dtype=torch.bool)
            items = torch.stack(list(numbers.values()), dim=1).unsqueeze(1)
            sets = ParticleCloud(items, mask, tuple(numbers))
            return sets if weight is None else sets.with_unchecked_weights(weight)
        self._require_equal_lengths([column.name for column in lists], found)
        for column in lists:
            held = found[column.name]
            self._single(column.name, held.numbers, used=True)  # type: ignore[union-attr]
        padded = [self._slots_of(found[column.name]) for column in lists]
        cloud = ParticleCloud(
            torch.stack([slots.values for slots in padded], dim=-1).float(),
            padded[0].mask,
            tuple(Feature(column.name, column.unit) for column in lists),
        ).with_conditions(numbers)
        return cloud if weight is None else cloud.with_unchecked_weights(weight)

    def _no_numbers(self) -> InputError:
        left = [f"{name} ({reason})" for name, reason in self.unread.items()]
        nested = any("lists of lists" in reason for reason in self.unread.values())
        advice = "; write one row per jet, for example ak.flatten(events.jets)" if nested else ""
        return InputError(
            f"{self.path}: expected columns of numbers, received {some(left) or 'none'}{advice}"
        )

    def _require_equal_lengths(self, names: Sequence[str], found: Mapping[str, Values]) -> None:
        """Check that the lists of these columns have equal lengths in every row."""
        for name in names:
            if not np.array_equal(found[name].lengths, found[names[0]].lengths):  # type: ignore[union-attr]
                raise InputError(
                    f"{self.path}: expected lists of equal length in every entry, received other "
                    f"lengths in {name} than in {names[0]}; choose columns that go together"
                )

    @property
    def _asked(self) -> tuple[list[Column], list[Column]]:
        """The columns of lists and of numbers to be read for sets of named features."""
        lists = [column for column in self.columns if column.items]
        single = [column for column in self.columns if not column.items]
        single += [Column(name, False) for name in self._marked]
        known = {*self.text_columns, *(column.name for column in (*lists, *single))}
        if self._columns and known.issuperset(self._columns):
            wanted = {*self._columns, *self._conditions, WEIGHT.name}
            lists = [column for column in lists if column.name in wanted]
            single = [column for column in single if column.name in wanted]
        return lists, single

    def _slots_of(self, lists: Values) -> Slots:
        """Lists as a padded tensor ``(B, N)`` in float64, with their mask."""
        assert isinstance(lists, Lists)
        lengths = torch.from_numpy(np.asarray(lists.lengths, dtype=np.int64))
        mask = torch.arange(self.slots) < lengths.unsqueeze(1)
        values = torch.zeros(mask.shape, dtype=torch.float64)
        values[mask] = torch.from_numpy(np.asarray(lists.numbers, dtype=np.float64))
        return Slots(values, mask)

    def _single(self, name: str, values: Values, *, used: bool) -> Tensor:
        where = f"{self.path}: {name}"
        return torch.from_numpy(single_precision(np.asarray(values), where, used=used))

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        layout = self._layout
        if layout is None:
            return {}
        names = [layout.particles[role] for role in ("pt", "mask") if role in layout.particles]
        found = {name: self._slots_of(v) for name, v in self._read(names, start, stop).items()}
        faults = {}
        mask = None
        if "mask" in layout.particles:
            mask = found[layout.particles["mask"]].values
            faults[BAD_MASK] = ((mask != 0) & (mask != 1)).any(1)
        if "pt" in layout.particles:
            negative = found[layout.particles["pt"]].values < 0
            faults[NEGATIVE_PT] = (negative if mask is None else negative & (mask != 0)).any(1)
        if "n" in layout.jets:
            stated = self._read([layout.jets["n"]], start, stop)[layout.jets["n"]]
            held = self.read(start, stop).multiplicity.numpy()
            faults["num_particles that differs from the mask"] = torch.from_numpy(
                np.asarray(stated) != held
            )
        return faults

    def _count_slots(self) -> int:
        layout = self._layout
        if layout is not None:
            column = self._merged[next(iter(layout.particles.values()))]
        else:
            lists, _ = self._asked
            if not lists:
                return 1
            column = lists[0]
        if column.length:
            return column.length
        longest = 0
        for start in range(0, len(self), BLOCK):
            stop = min(start + BLOCK, len(self))
            counted = self.values([column.name], start, stop)[column.name]
            longest = max(longest, int(counted.lengths.max(initial=0)))  # type: ignore[union-attr]
        return longest
