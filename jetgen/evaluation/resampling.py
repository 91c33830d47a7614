"""The compared jets: equal numbers per sample, their resamplings, and splits for the floor.

Jets with event weights count by their effective number, (sum w)^2 / sum w^2, so that both sides of
every distance, and of its floor, fluctuate alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from jetgen.errors import InputError
from jetgen.evaluation.checks import RECONSTRUCTED, ComparisonInput
from jetgen.physics.observables import MeasuredSets
from jetgen.weights import equal, sized

FEWEST_COMPARED = 20
"""Smallest number of jets for a comparison."""

_OFTEN = 16
"""Draws per jet, on average, up to which no jet is drawn more than 255 times."""

_POOL = 4
"""Largest number of real jets for the floor, in units of the compared number."""


@dataclass(frozen=True)
class Side:
    """A sample cut to ``n`` jets, and ``(R, n)`` how often each counts in R resamplings."""

    jets: MeasuredSets
    counts: Tensor

    @property
    def weighted(self) -> Tensor:
        """``(1 + R, n)`` weights: of the jets as they are, then of their resamplings."""
        return weighted(with_nominal(self.counts), self.jets.weights)


@dataclass(frozen=True)
class Resampling:
    """The random choices of a comparison.

    Args:
        checked: all jets there are, of which these were drawn.
        real: the real jets that samples are compared to.
        sides: the samples by name; ``reconstructed`` in the order and resampling of ``real``.
        pool: real jets for the floor.
        splits: two ``(R, pool)`` counts of random sets of the compared size.
        seed: the seed of the choices.
        warnings: warnings about the jets, for the reader.
        reference: the name of the real jets in texts.
        sizes: (effective) number of jets of each sample, by name.
        size: (effective) number of jets on each side of every distance.
        disjoint: whether the two sets of a split have no jet in common.
    """

    checked: ComparisonInput
    real: Side
    sides: dict[str, Side]
    pool: MeasuredSets
    splits: tuple[Tensor, Tensor]
    seed: int
    warnings: tuple[str, ...]
    reference: str
    sizes: Mapping[str, int]
    size: int
    disjoint: bool

    @property
    def replicas(self) -> int:
        return len(self.real.counts)

    def fewer(self, most: int) -> Resampling:
        """At most ``most`` jets of every kind, the first of these, newly resampled."""
        return resample(self.checked, replicas=self.replicas, seed=self.seed, most=most)


def resample(
    checked: ComparisonInput, *, replicas: int, seed: int, most: int | None = None
) -> Resampling:
    """Draw equal numbers of jets from all samples: that of the smallest, at most ``most``.

    Of weighted jets, as many are drawn as have this effective number.

    The floor is drawn from the pool: disjoint sets if it holds at least twice as many jets, else
    two sets drawn with replacement, each as large as a sample. The distance of two such sets
    varies like that of two independent ones (the bootstrap principle), without halving the samples.

    Raises:
        InputError: when there are too few usable jets.
    """
    generator = torch.Generator().manual_seed(seed)
    real, pool = checked.real, checked.pool
    kinds = {checked.reference: real, **checked.samples}
    sizes = {name: sets.counted for name, sets in kinds.items()}
    size = min(sizes.values())
    if size < FEWEST_COMPARED:
        received = ", ".join(f"{sized(sets.weights)} {name}" for name, sets in kinds.items())
        raise InputError(
            f"comparison: expected at least {FEWEST_COMPARED} usable {real.kind.noun.many} of "
            f"each kind, received {received}; give more"
        )
    if most is not None:
        allowed = min(int(most * sizes[name] / len(sets)) for name, sets in kinds.items())
        size = min(size, max(allowed, FEWEST_COMPARED))
    chosen = torch.randperm(len(real), generator=generator)[: _number(real, size)]
    each = _number(pool, size)
    drawn = torch.randperm(len(pool), generator=generator)[: _number(pool, _POOL * size)]
    pool = pool.chosen(drawn)
    disjoint = len(pool) >= 2 * each
    draw = _splits if disjoint else _drawn_again
    splits = draw(len(pool), each, replicas, generator)
    reference = Side(real.chosen(chosen), _bootstrap(len(chosen), replicas, generator))
    sides = {}
    for name, sample in checked.samples.items():
        if name == RECONSTRUCTED:
            sides[name] = Side(sample.chosen(chosen), reference.counts)
        else:
            own = torch.Generator().manual_seed(seed + 1)  # the same whatever other samples
            pick = torch.randperm(len(sample), generator=own)[: _number(sample, size)]
            sides[name] = Side(sample.chosen(pick), _bootstrap(len(pick), replicas, own))
    many = real.kind.noun.many
    warnings = checked.warnings + tuple(
        f"{name}: {len(sets):,} weighted {many} count as {sizes[name]:,}, (Σw)² / Σw²"
        for name, sets in kinds.items()
        if not equal(sets.weights)
    )
    if most is None and (cut := [name for name, count in sizes.items() if count > 2 * size]):
        fewest = min(sizes, key=lambda name: sizes[name])
        warnings += (f"{fewest} has {size:,} {many}; no more of {', '.join(cut)} are compared",)
    return Resampling(
        checked,
        reference,
        sides,
        pool,
        splits,
        seed,
        warnings,
        checked.reference,
        sizes,
        size,
        disjoint,
    )


def _number(sets: MeasuredSets, size: int) -> int:
    """How many of the sets count as ``size``."""
    return round(size * len(sets) / sets.counted)


def weighted(counts: Tensor, weights: Tensor) -> Tensor:
    """Counts ``(R, n)`` times event weights; the counts themselves, which are small, for ones."""
    return counts if bool((weights == 1).all()) else counts * weights


def with_nominal(counts: Tensor) -> Tensor:
    """``(1 + R, n)``: counts of one for the original jets, then the resamplings."""
    return torch.cat([torch.ones_like(counts[:1]), counts])


def _splits(
    pool: int, size: int, replicas: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Two ``(R, pool)`` indicators of disjoint random sets of ``size``."""
    order = torch.rand(replicas, pool, generator=generator).argsort(1)
    first, second = torch.zeros(2, replicas, pool, dtype=torch.uint8)
    first.scatter_(1, order[:, :size], 1)
    second.scatter_(1, order[:, size : 2 * size], 1)
    return first, second


def _drawn_again(
    pool: int, size: int, replicas: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Two ``(R, pool)`` counts of independent draws of ``size`` with replacement."""
    first, second = (
        _counted(torch.randint(pool, (replicas, size), generator=generator), pool) for _ in range(2)
    )
    return first, second


def _bootstrap(size: int, replicas: int, generator: torch.Generator) -> Tensor:
    """``(R, size)`` counts of each jet in ``size`` draws with replacement."""
    return _counted(torch.randint(size, (replicas, size), generator=generator), size)


def _counted(drawn: Tensor, jets: int) -> Tensor:
    """``(R, jets)`` how often each jet is among those drawn ``(R, n)``, in one byte if it fits."""
    kind = torch.uint8 if drawn.shape[1] <= _OFTEN * jets else torch.int32
    counts = torch.zeros(len(drawn), jets, dtype=kind)
    return counts.scatter_add_(1, drawn, torch.ones_like(drawn, dtype=kind))
