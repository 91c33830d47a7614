r"""Columns that take some values again and again: categories, small integers, zeros among numbers.

A network that regresses such a column gives values between the possible ones, which any classifier
recognises. Here each possible value, a *level*, is a component of a one-hot vector instead, and
generated sets have exactly these values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from jetgen.cloud import Feature, ParticleCloud
from jetgen.errors import InputError, did_you_mean, some
from jetgen.sharing import drawn

AUTO, NONE = "auto", "none"
"""Values of the option ``discrete``: the columns that look discrete, and no column."""

MOST_LEVELS = 20
"""Largest number of values of a column that is discrete without being named."""

MOST_NAMED_LEVELS = 200
"""Largest number of values of a column that is named, all of which are levels."""

REPEATED = 10
"""Smallest mean number of entries per value of a discrete column."""

FREQUENT = 0.02
"""Smallest share of the entries that have one value, such as zero, among continuous ones."""

FREQUENT_INTEGER = 0.1
"""The same among integers, which repeat by themselves."""

_ROUNDING = 1e-6
"""Largest relative difference of a value from the level that it is."""


class Levels(NamedTuple):
    """The values that some columns take together.

    Args:
        columns: names of the columns: one, or those of all categories of a text column.
        values: the levels, each with a value for every column.
        rest: whether the column, then a single one, also takes other values.
        whole: whether those are integers.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    rest: bool = False
    whole: bool = False

    @property
    def width(self) -> int:
        """The number of components of the one-hot vector."""
        return len(self.values) + (self.rest and bool(self.values))

    def description(self) -> dict[str, Any]:
        """The levels as plain values for JSON."""
        return {
            **self._asdict(),
            "columns": list(self.columns),
            "values": list(map(list, self.values)),
        }

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Self:
        """The inverse of :meth:`description`."""
        levels = tuple(map(tuple, values["values"]))
        return cls(tuple(values["columns"]), levels, values["rest"], values["whole"])


def find_levels(
    training: ParticleCloud, asked: Sequence[str], transformed: Sequence[str]
) -> tuple[Levels, ...]:
    """The discrete columns of training sets.

    Args:
        training: the sets.
        asked: names of columns, or :data:`AUTO` or :data:`NONE` alone.
        transformed: columns that are taken as numbers unless they are named.

    Raises:
        InputError: for a name that is no column, or a column with too many values.
    """
    names = [feature.name for feature in training.features]
    named = [] if list(asked) in ([AUTO], [NONE]) else list(asked)
    unknown = [name for name in named if name not in names]
    if unknown:
        raise InputError(
            f"discrete: expected {AUTO}, {NONE} or columns among {some(names)}, received "
            f"{unknown[0]!r}{did_you_mean(unknown[0], names)}"
        )
    if list(asked) == [NONE]:
        return ()
    items = training.particles[training.mask].double()
    found = list(_categories(names, items))
    grouped = {name for levels in found for name in levels.columns}
    for column, name in enumerate(names):
        values = items[:, column]
        if name in grouped or (named and name not in named) or (not named and name in transformed):
            continue
        levels = _named(name, values) if named else _noticed(name, values)
        found += [] if levels is None else [levels]
    return tuple(found)


def _categories(names: Sequence[str], items: Tensor) -> Iterator[Levels]:
    """The columns ``NAME=WORD`` of which exactly one is 1 in each item, and the others 0."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        head, equals, _ = name.rpartition("=")
        if equals:
            groups.setdefault(head, []).append(column)
    for columns in groups.values():
        values = items[:, columns]
        binary = bool(((values == 0) | (values == 1)).all())
        if len(columns) > 1 and binary and bool((values.sum(1) == 1).all()):
            levels = torch.eye(len(columns)).tolist()
            yield Levels(tuple(names[k] for k in columns), tuple(map(tuple, levels)))


def _named(name: str, values: Tensor) -> Levels:
    levels = values.unique()
    if not 1 < len(levels) <= MOST_NAMED_LEVELS:
        raise InputError(
            f"discrete: expected columns with 2 to {MOST_NAMED_LEVELS} different values, received "
            f"{name} with {len(levels)}; leave it out"
        )
    return Levels((name,), tuple((level,) for level in levels.tolist()))


def _noticed(name: str, values: Tensor) -> Levels | None:
    levels, counts = values.unique(return_counts=True)
    if len(levels) < 2:
        return None
    if len(levels) <= MOST_LEVELS and len(values) >= REPEATED * len(levels):
        return Levels((name,), tuple((level,) for level in levels.tolist()))
    whole = bool((levels == levels.round()).all())
    share = counts / len(values)
    frequent = levels[share >= (FREQUENT_INTEGER if whole else FREQUENT)]
    if len(frequent) > MOST_LEVELS:
        frequent = levels[:0]
    if not whole and not len(frequent):
        return None
    return Levels((name,), tuple((v,) for v in frequent.tolist()), rest=True, whole=whole)


class DiscreteColumns(nn.Module):
    """Columns ``(..., F)`` as network features ``(..., W)``, of which some are one-hot, and back.

    The features are the transformed columns that are not discrete or have other values than their
    levels, zero where a level is taken, followed by the one-hot vectors of all discrete columns.

    Args:
        features: the ``F`` columns.
        levels: the discrete ones among them.
    """

    def __init__(self, features: Sequence[Feature], levels: Sequence[Levels]) -> None:
        super().__init__()
        names = [feature.name for feature in features]
        self.levels = list(levels)
        self.places = [[names.index(name) for name in each.columns] for each in levels]
        discrete = {
            k for each, own in zip(levels, self.places, strict=True) if not each.rest for k in own
        }
        self.kept = [k for k in range(len(names)) if k not in discrete]
        self.names = [names[k] for k in self.kept]
        self.blocks: list[slice] = []
        for each in levels:
            self.blocks.append(slice(len(self.names), len(self.names) + each.width))
            labels = [" ".join(f"{value:g}" for value in level) for level in each.values]
            labels += ["other"] * (each.width - len(labels))
            self.names += [f"{each.columns[0]}:{label}" for label in labels]
        for number, each in enumerate(levels):
            table = torch.tensor(each.values, dtype=torch.float64).reshape(-1, len(each.columns))
            self.register_buffer(f"values_{number}", table, persistent=False)

    @property
    def width(self) -> int:
        """The number ``W`` of network features."""
        return len(self.names)

    def expand(self, transformed: Tensor, columns: Tensor) -> Tensor:
        """Network features of columns, given as numbers and transformed, both ``(..., F)``."""
        if not self.levels:
            return transformed
        numbers = list(transformed.unbind(-1))
        vectors = []
        for number, each, places in self._each():
            index = self._nearest(number, each, columns[..., places])
            if each.rest:
                at_level = index < len(each.values)
                numbers[places[0]] = numbers[places[0]].masked_fill(at_level, 0.0)
            vectors.append(
                torch.nn.functional.one_hot(index, max(each.width, 1))[..., : each.width]
            )
        kept = [numbers[k].unsqueeze(-1) for k in self.kept]
        return torch.cat([*kept, *(vector.to(transformed) for vector in vectors)], dim=-1)

    def numbers(self, made: Tensor, size: int) -> Tensor:
        """The transformed columns ``(..., F)`` of network features; zero for the discrete ones."""
        if not self.levels:
            return made
        columns = [torch.zeros_like(made[..., 0])] * size
        for place, k in enumerate(self.kept):
            columns[k] = made[..., place]
        return torch.stack(columns, dim=-1)

    def collapse(self, made: Tensor, columns: Tensor) -> Tensor:
        """Columns ``(..., F)`` with the most probable levels of network features ``(..., W)``."""
        if not self.levels:
            return columns
        found = list(columns.unbind(-1))
        for number, each, places in self._each():
            table = self.get_buffer(f"values_{number}").to(columns)
            if each.whole:
                found[places[0]] = found[places[0]].round()
            if not each.width:
                continue
            index = made[..., self.blocks[number]].argmax(-1)
            values = table[index.clamp(max=len(table) - 1)]
            for column, place in enumerate(places):
                found[place] = torch.where(index < len(table), values[..., column], found[place])
        return torch.stack(found, dim=-1)

    def probabilities(self, outputs: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Probabilities of levels, by softmax of the outputs of a network ``(..., W)``.

        The other features are those of ``numbers (..., W)``, by default the outputs.
        """
        numbers = outputs if numbers is None else numbers
        return self._replaced(numbers, lambda k: outputs[..., k].float().softmax(-1))

    def draw(self, probabilities: Tensor, generator: torch.Generator) -> Tensor:
        r"""One-hot vectors drawn from probabilities ``(..., W)``, with their gradient.

        The gradient is that of the probabilities (straight-through).

        Reference:
            Categorical Reparameterization with Gumbel-Softmax (Jang, Gu, Poole, 2016),
            arXiv:1611.01144.
        """

        def one_of(place: slice) -> Tensor:
            block = probabilities[..., place]
            uniform = drawn(torch.rand, block.shape, generator=generator).to(block)
            gumbel = -(-uniform.clamp(1e-9, 1 - 1e-6).log()).log()
            index = (block.detach().clamp(min=1e-9).log() + gumbel).argmax(-1)
            return torch.nn.functional.one_hot(index, block.shape[-1]) + block - block.detach()

        return self._replaced(probabilities, one_of)

    def filled(self, values: Tensor, instead: float) -> Tensor:
        """``values (..., W)`` with ``instead`` in the one-hot parts."""
        return self._replaced(values, lambda k: torch.full_like(values[..., k], instead))

    def _replaced(self, made: Tensor, vector: Callable[[slice], Tensor]) -> Tensor:
        """``made (..., W)`` with other values in the place of each one-hot vector."""
        places = [place for each, place in zip(self.levels, self.blocks, strict=True) if each.width]
        if not places:
            return made
        vectors = [vector(place).to(made) for place in places]
        return torch.cat([made[..., : len(self.kept)], *vectors], dim=-1)

    def _each(self) -> Iterator[tuple[int, Levels, list[int]]]:
        for number, (each, places) in enumerate(zip(self.levels, self.places, strict=True)):
            yield number, each, places

    def _nearest(self, number: int, each: Levels, columns: Tensor) -> Tensor:
        """The index of the level of each entry; the number of levels where it has none."""
        table = self.get_buffer(f"values_{number}").to(columns)
        if not len(table):
            return torch.zeros(columns.shape[:-1], dtype=torch.long, device=columns.device)
        apart = (columns.unsqueeze(-2) - table).abs().amax(-1)  # (..., K)
        nearest, index = apart.min(-1)
        if not each.rest:
            return index
        equal = nearest <= _ROUNDING * table[index].abs().amax(-1)
        return torch.where(equal, index, len(table))
