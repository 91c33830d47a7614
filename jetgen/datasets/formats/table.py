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

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.faults import BAD_MASK, NEGATIVE_PT, doubtful_unit
from jetgen.datasets.formats.categories import categories, category_column, marks
from jetgen.datasets.formats.labels import label_columns, types_of_columns
from jetgen.datasets.formats.momenta import Slots, assemble, jet_features
from jetgen.datasets.formats.names import Column, is_index, is_weight
from jetgen.datasets.formats.numbered import numbered
from jetgen.datasets.formats.precision import single as single_precision
from jetgen.datasets.formats.recognition import JetColumns, recognise, suggestion
from jetgen.datasets.formats.source import Source
from jetgen.errors import InputError, some
from jetgen.physics.classes import UNKNOWN_CLASS

WEIGHT = Feature("weight")
"""The column of event weights."""

_BLOCK = 100_000
"""Number of rows whose lists are counted at a time."""


class Lists(NamedTuple):
    """The lists of a column in some rows: their lengths ``(B,)``, and all numbers concatenated."""

    lengths: np.ndarray[Any, Any]
    numbers: np.ndarray[Any, Any]


Values = np.ndarray[Any, Any] | Lists
"""One number per row ``(B,)``, or one list per row."""


def as_feature(head: str) -> Feature:
    """Name and unit from the name of a column; a number in brackets is part of the name.

    >>> as_feature("px [GeV]"), as_feature("p[0]")
    (Feature(name='px', unit='GeV'), Feature(name='p[0]', unit=''))
    """
    found = re.fullmatch(r"(.*?)\s*\[(?!\d+\])(.*)\]", head.strip())
    return Feature(found[1], found[2]) if found else Feature(head.strip())


class TableSource(Source):
    """Rows of columns: jets if the names of columns are recognised, else sets of named features."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._map: Mapping[str, str] = {}
        self._columns: tuple[str, ...] = ()
        self._conditions: tuple[str, ...] = ()
        self._words: dict[str, tuple[str, ...]] = {}
        self._found: dict[str, Any] = {}

    @property
    @abstractmethod
    def columns(self) -> list[Column]:
        """The columns of numbers and of lists of numbers."""

    @abstractmethod
    def values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """The named columns in rows ``start`` to ``stop - 1``; NaN if an entry is not a number."""

    @property
    def text_columns(self) -> list[str]:
        """The columns of words."""
        return []

    def words(self, name: str, start: int, stop: int) -> Sequence[str]:
        """The words of a text column in some rows; empty if there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no text columns")

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        if not self.text_columns or self._layout is not None:
            return {}
        if "categories" not in self._found:
            found = {name: self._words_of(name) for name in self.text_columns}
            self._found["categories"] = {name: words for name, words in found.items() if words}
        return self._found["categories"]

    @property
    def labels(self) -> Sequence[str]:
        layout = self._layout
        used = () if layout is None else {mark.column for mark in layout.classes.values()}
        return [name for name in self.text_columns if any(c.startswith(f"{name}=") for c in used)]

    def _words_of(self, name: str) -> tuple[str, ...]:
        if name in self._words:
            return self._words[name]
        blocks = range(0, len(self), _BLOCK)
        parts = (self.words(name, k, min(k + _BLOCK, len(self))) for k in blocks)
        return categories(chain.from_iterable(parts))

    def with_categories(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words, self._found = {name: tuple(each) for name, each in words.items()}, {}

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    @property
    def names(self) -> list[str]:
        return [*self._merged, *self._marked]

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
        found = self.values(names, 0, min(len(self), _BLOCK))
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

    def mapped(self, chosen: Mapping[str, str]) -> None:
        self._map, self._found = dict(chosen), {}

    def narrowed(self, columns: Sequence[str], conditions: Sequence[str]) -> None:
        self._columns, self._conditions, self._found = tuple(columns), tuple(conditions), {}

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
            blocks = range(0, len(self), _BLOCK)
            parts = [
                types_of_columns(
                    layout,
                    self._read(names, start, min(start + _BLOCK, len(self))),
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

    @property
    def _layout(self) -> JetColumns | None:
        """The columns of jets; None if columns are requested by their own names."""
        if "layout" not in self._found:
            texts = set(self.text_columns)
            own = {column.name for column in self.columns} | texts
            own |= {name for name in self._columns if name.rpartition("=")[0] in texts}
            raw = bool(self._columns) and own.issuperset(self._columns) and not self._map
            merged = list(self._merged.values())
            self._found["layout"] = (
                None if raw else recognise(merged, self._map, self.path, self.text_columns)
            )
        return self._found["layout"]

    @property
    def _merged(self) -> dict[str, Column]:
        if "merged" not in self._found:
            self._found["merged"] = {column.name: column for column in numbered(self.columns)}
        return self._found["merged"]

    @property
    def _marked(self) -> dict[str, tuple[str, str]]:
        """The text column and the word of each column of zeros and ones."""
        return {
            category_column(name, word): (name, word)
            for name, words in self.categories.items()
            for word in words
        }

    def _values(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """:meth:`values`, also of the columns that mark categories."""
        marked = {name: self._marked[name] for name in names if name in self._marked}
        numbers = [name for name in names if name not in marked]
        found = self.values(numbers, start, stop) if numbers else {}
        texts = {text: self.words(text, start, stop) for text, _ in marked.values()}
        return found | {name: marks(texts[text], word) for name, (text, word) in marked.items()}

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """The values of columns, including those combined from numbered columns."""
        merged = [self._merged[name] for name in dict.fromkeys(names) if name in self._merged]
        own = [name for column in merged for name in (column.members or (column.name,))]
        found = self.values(own, start, stop)
        joined: dict[str, Values] = {}
        for column in merged:
            if column.members:
                table = np.stack([np.asarray(found[name]) for name in column.members], axis=1)
                lengths = np.full(len(table), column.length)
                joined[column.name] = Lists(lengths, table.reshape(-1))
            else:
                joined[column.name] = found[column.name]
        labels = [name for name in names if name not in self._merged]
        return joined | (self._labels(labels, start, stop) if labels else {})

    def _labels(self, names: Sequence[str], start: int, stop: int) -> dict[str, Values]:
        """Columns ``NAME=WORD`` of text columns that are labels."""
        found: dict[str, Values] = {}
        for text in self.text_columns:
            known = [name[len(text) + 1 :] for name in names if name.startswith(f"{text}=")]
            if known:
                words = self.words(text, start, stop)
                found |= label_columns(text, known, words, self.path, start)
        return found

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
        for start in range(0, len(self), _BLOCK):
            stop = min(start + _BLOCK, len(self))
            counted = self.values([column.name], start, stop)[column.name]
            longest = max(longest, int(counted.lengths.max(initial=0)))  # type: ignore[union-attr]
        return longest

    def __getstate__(self) -> dict[str, Any]:
        return {
            **{key: value for key, value in vars(self).items() if key in _KEPT},
            "_found": {},
        }


_KEPT = ("path", "_map", "_columns", "_conditions", "_words")
"""Attributes that are pickled for other processes; the others are computed again there."""
