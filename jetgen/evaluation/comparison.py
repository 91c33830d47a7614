"""Distances of samples of jets from real ones, and between samples of real jets (the floor).

All distances of a table are between the same number of jets. The 1-Wasserstein distance of two
finite samples of one distribution is not zero: it falls like one over the square root of their
size. A distance can therefore be judged only in comparison with this floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.evaluation.checks import ComparisonInput, check
from jetgen.evaluation.resampling import (
    FEWEST_COMPARED,
    Resampling,
    Side,
    resample,
    weighted,
)
from jetgen.kinds import JETS, Kind
from jetgen.memory import release_memory
from jetgen.metrics.wasserstein import between_samples, between_weightings
from jetgen.physics.observables import PARTICLE_OBSERVABLES, MeasuredSets
from jetgen.physics.quantities import (
    PARTICLE_MEAN,
    QUANTITIES,
    Quantity,
    Values,
    quantity_values,
)
from jetgen.threads import in_threads

_AT_FLOOR, _CLOSE, _CLOSE_RATIO = 3.0, 10.0, 2.0

WORDS = ("indistinguishable", "close", "different")
"""The verdicts on a distance and on a sample, from best to worst."""


@dataclass(frozen=True)
class Distance:
    """One sample's distance: bootstrap uncertainty, σ above the floor, multiples of the floor.

    The multiple is infinite if the floor is zero within its σ, as for an unbiased estimate.
    """

    value: float
    uncertainty: float
    spreads: float
    ratio: float = math.inf

    @property
    def verdict(self) -> str:
        """``indistinguishable`` (at most 3 σ above), ``close`` (10 σ, or twice the floor)."""
        if self.spreads <= _AT_FLOOR:
            return WORDS[0]
        return WORDS[1] if self.spreads <= _CLOSE or self.ratio <= _CLOSE_RATIO else WORDS[2]


@dataclass(frozen=True)
class Row:
    """One quantity: the real-versus-real floor with its σ, and the samples' distances."""

    quantity: Quantity
    floor: float
    floor_spread: float
    distances: dict[str, Distance]


@dataclass(frozen=True)
class Comparison:
    """The table.

    Args:
        rows: the quantities.
        samples: the names of the compared samples.
        jets: (effective) number of sets on each side of every distance.
        pool: (effective) number of simulated sets that the floor is drawn from.
        replicas: bootstrap resamplings, and pairs of sets for the floor.
        seed: of all random choices.
        warnings: warnings for the reader.
        kind: jets or other sets.
        given: quantities that models are conditioned on, which are right by construction.
        reference: the name in texts of the sets that samples are compared with.
        sizes: how many (effective) sets each sample and the reference have.
        disjoint: whether the floor is between disjoint sets.
    """

    rows: tuple[Row, ...]
    samples: tuple[str, ...]
    jets: int
    pool: int
    replicas: int
    seed: int
    warnings: tuple[str, ...]
    kind: Kind = JETS
    given: tuple[str, ...] = ()
    reference: str = "simulated"
    sizes: Mapping[str, int] = field(default_factory=dict)
    disjoint: bool = True

    @property
    def compared(self) -> str:
        """What is compared with what, and how the floor is drawn, in words."""
        many, size = self.kind.noun.many, f"{self.jets:,}"
        if self.disjoint:
            floor = f"two disjoint sets of {size} of {self.pool:,} {self.reference} {many}"
        else:
            floor = (
                f"two sets of {size} drawn with replacement from {self.pool:,} {self.reference} "
                f"{many}"
            )
        return (
            f"{size} {many} of each sample with {size} {self.reference} ones; floor: {floor}, "
            f"{self.replicas} times"
        )

    def row(self, name: str) -> Row:
        """The row of one quantity."""
        for row in self.rows:
            if row.quantity.name == name:
                return row
        known = ", ".join(row.quantity.name for row in self.rows)
        raise InputError(f"quantity {name!r}: expected one of {known}")

    def with_rows(self, rows: Sequence[Row]) -> Comparison:
        """The same table with further rows at its end."""
        return replace(self, rows=(*self.rows, *rows))

    def records(self) -> list[dict[str, Any]]:
        """One flat record per quantity and sample.

        ``printed_unit`` is the unit of values divided by ``scale``. ``spreads_above_floor`` is in
        units of the floor's σ, and None above a floor whose σ is zero.
        """
        return [
            {
                "quantity": row.quantity.name,
                "title": row.quantity.observable.title,
                "unit": row.quantity.observable.unit,
                "scale": row.quantity.scale,
                "printed_unit": row.quantity.unit,
                "sample": name,
                "w1": distance.value,
                "uncertainty": distance.uncertainty,
                "floor": row.floor,
                "floor_spread": row.floor_spread,
                "spreads_above_floor": None if math.isinf(distance.spreads) else distance.spreads,
                "times_floor": distance.ratio if math.isfinite(distance.ratio) else None,
                "verdict": distance.verdict,
                "given": row.quantity.name in self.given,
                "jets": self.jets,
            }
            for row in self.rows
            for name, distance in row.distances.items()
        ]


def compare(
    real: ParticleCloud,
    samples: Mapping[str, ParticleCloud],
    training: ParticleCloud | None = None,
    *,
    replicas: int = 100,
    seed: int = 1,
) -> Comparison:
    """The 1-Wasserstein distances of each sample to the real jets, with uncertainty and floor.

    All distances are between ``n`` real jets and ``n`` jets of the sample; ``n`` is the largest
    number that ``real`` and every sample have. The uncertainty is the standard deviation over
    ``replicas`` bootstrap resamplings of both sides (whole jets; pairs for the sample
    ``reconstructed``).
    The floor is the mean, and its σ the standard deviation, over ``replicas`` pairs of sets of
    ``n`` real jets (``real`` and ``training`` together): disjoint sets if there are at least
    ``2n``, else sets drawn with replacement. The order of particles does not matter.

    Raises:
        InputError: when there are too few usable jets, or reconstructions that do not
            correspond to the real jets.
    """
    return compare_checked(check(real, samples, training), replicas=replicas, seed=seed)


def compare_checked(checked: ComparisonInput, *, replicas: int = 100, seed: int = 1) -> Comparison:
    """:func:`compare` for measured and checked jets."""
    return compare_resampled(resample(checked, replicas=replicas, seed=seed))


def compare_resampled(
    drawn: Resampling,
    quantities: Sequence[Quantity] = QUANTITIES,
    progress: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """:func:`compare` for resampled jets, with these ``quantities``; ``progress`` names each."""
    warnings = list(drawn.warnings)
    floors: dict[str, Tensor] = {}
    distances: dict[str, dict[str, Tensor]] = {}
    number = 1
    for together in _batches(drawn.real.jets, quantities):
        progress(f"Wasserstein distances ({number} of {len(quantities)})")
        number += len(together)
        work = partial(_compared, drawn)
        found = in_threads(work, together) if len(together) > 1 else map(work, together)
        for quantity, (floor, own, doubts) in zip(together, found, strict=True):
            warnings += doubts
            if floor is not None:
                floors[quantity.name], distances[quantity.name] = floor, own
        release_memory()
    _add_particle_mean(floors, distances)
    order = [quantity for quantity in _table_order(quantities) if quantity.name in floors]
    rows = tuple(
        table_row(quantity, floors[quantity.name], distances[quantity.name]) for quantity in order
    )
    return Comparison(
        rows,
        tuple(drawn.sides),
        drawn.size,
        drawn.pool.counted,
        drawn.replicas,
        drawn.seed,
        tuple(warnings),
        drawn.pool.kind,
        given=drawn.pool.kind.given,
        reference=drawn.reference,
        sizes=drawn.sizes,
        disjoint=drawn.disjoint,
    )


def _batches(jets: MeasuredSets, quantities: Sequence[Quantity]) -> Iterator[list[Quantity]]:
    """The quantities in order: one, or successive ones of one value per jet, one per thread."""
    threads, together = torch.get_num_threads(), list[Quantity]()
    for quantity in quantities:
        small = quantity.name in jets.observables
        if together and (len(together) == threads or not small):
            yield together
            together = []
        together.append(quantity)
        if not small:
            yield together
            together = []
    if together:
        yield together


def _compared(
    drawn: Resampling, quantity: Quantity
) -> tuple[Tensor | None, dict[str, Tensor], list[str]]:
    """The floor of a quantity and the distances of all samples, and warnings; None without it."""
    found, missing = dict[str, Tensor](), []
    known = _values(drawn.real.jets, quantity)
    if known is None:
        missing.append(drawn.reference)
    for name, side in drawn.sides.items():  # the values of one sample at a time are in memory
        values = _values(side.jets, quantity)
        if values is None:
            missing.append(name)
        elif known is not None:
            found[name] = replicated(drawn.real, side, known, values)
    values = known = None
    pool = _values(drawn.pool, quantity) if found else None
    if found and pool is None:
        missing.append("all real")
    unknown = f"not available for {', '.join(missing)} {drawn.pool.kind.noun.many}"
    title = quantity.observable.title
    if pool is None:
        return None, {}, [f"{title}: omitted, {unknown}"]
    return floor_between(drawn, pool), found, [f"{title}: {unknown}"] if missing else []


def floor_between(drawn: Resampling, values: Values) -> Tensor:
    """``(R,)`` distances between disjoint sets of real jets, from the pool's values."""
    weights = drawn.pool.weights
    return between_weightings(*values, *(weighted(split, weights) for split in drawn.splits))


def replicated(real: Side, sample: Side, target: Values, values: Values) -> Tensor:
    """``(1 + R,)`` the distance of the samples as they are, then of their resamplings."""
    return between_samples(target, values, real.weighted, sample.weighted)


def table_row(quantity: Quantity, floor: Tensor, distances: dict[str, Tensor]) -> Row:
    """A row from the floor's replicas ``(R,)`` and each sample's value and replicas."""
    mean, spread = floor.mean().item(), floor.std().item()
    return Row(
        quantity,
        mean,
        spread,
        {
            name: Distance(
                value=values[0].item(),
                uncertainty=values[1:].std().item(),
                spreads=spreads_above(values[0].item(), mean, spread),
                ratio=times_floor(values[0].item(), mean, spread),
            )
            for name, values in distances.items()
        },
    )


def spreads_above(value: float, floor: float, spread: float) -> float:
    """``(value - floor) / spread``; for zero ``spread`` 0 up to the floor, infinite above."""
    if spread > 0:
        return (value - floor) / spread
    return 0.0 if value <= floor else math.inf


def times_floor(value: float, floor: float, spread: float) -> float:
    """``value / floor``, infinite for a floor that is zero within its ``spread``."""
    return value / floor if floor > spread else math.inf


def _add_particle_mean(floors: dict[str, Tensor], distances: dict[str, dict[str, Tensor]]) -> None:
    """Add the mean over the three particle features, per replica because they are correlated."""
    parts = [observable.name for observable in PARTICLE_OBSERVABLES]
    if not all(part in floors for part in parts):
        return
    floors[PARTICLE_MEAN.name] = torch.stack([floors[part] for part in parts]).mean(0)
    distances[PARTICLE_MEAN.name] = {
        name: torch.stack([distances[part][name] for part in parts]).mean(0)
        for name in distances[parts[0]]
    }


def _table_order(quantities: Sequence[Quantity]) -> list[Quantity]:
    order = list(quantities)
    names = [quantity.name for quantity in order]
    if PARTICLE_OBSERVABLES[-1].name in names:
        order.insert(names.index(PARTICLE_OBSERVABLES[-1].name) + 1, PARTICLE_MEAN)
    return order


def _values(jets: MeasuredSets, quantity: Quantity) -> Values | None:
    """The quantity's values, or None where too few jets determine it."""
    read = quantity_values(jets, quantity)
    enough = read is not None and len(read.jet.unique_consecutive()) >= FEWEST_COMPARED
    return read if enough else None
