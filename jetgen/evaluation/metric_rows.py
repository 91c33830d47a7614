"""Standard metrics as rows of a comparison: disjoint jets, bootstrap, floor of the same size.

The published protocols draw jets with replacement, even more jets than the sample has, so that
their values do not show the size of the sample. Here every jet counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

import torch
from torch import Tensor

from jetgen.components import METRICS
from jetgen.evaluation.comparison import (
    Distance,
    Row,
    floor_between,
    replicated,
    spreads_above,
    table_row,
    times_floor,
)
from jetgen.evaluation.registered_rows import single_row
from jetgen.evaluation.resampling import Resampling, with_nominal
from jetgen.metrics.cov_mmd import matching_of_jets
from jetgen.metrics.fpd import frechet_distance, resampled_moments
from jetgen.metrics.kpd import kernel
from jetgen.metrics.w1efp import GRAPHS
from jetgen.physics.efp_graphs import components, efp_graphs, vertices
from jetgen.physics.observables import MeasuredSets, Observable
from jetgen.physics.quantities import SUBSTRUCTURE, Quantity, Values, quantity_values
from jetgen.physics.substructure import SUBSTRUCTURE_OBSERVABLES

KPD_JETS = 2_500
"""Largest number of jets on each side of KPD, whose cost grows as its square."""

MATCHED_JETS, MATCHED_BATCHES = 100, 5
"""Jets on each side of one coverage, as published, and largest number of disjoint batches."""

W1EFP = [
    k
    for k, graph in enumerate(efp_graphs(4))
    if len(graph) == vertices(graph) == 4 and len(components(graph)) == 1
]
"""The places of the polynomials of W1EFP among the 36, in their order."""

_ROWS = 512

Metric = Callable[[Tensor, Tensor, Tensor, Tensor, tuple[Tensor, Tensor] | None], Tensor]
"""From features ``(B, d)``, ``(C, d)``, counts ``(R, B)``, ``(R, C)`` of the draws, and event
weights ``(B,)``, ``(C,)`` to ``(R,)`` values."""


def metric_rows(
    drawn: Resampling,
    named: Iterable[str] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[list[Row], list[str]]:
    """The rows of all registered metrics and of those ``named``, and warnings of omitted ones.

    Built-in metrics are functions of a resampling and share costly intermediate results; metrics
    of other packages are :class:`~jetgen.metrics.base.Metric`, one row each.

    Args:
        drawn: the jets, their splits and resamplings.
        named: further metrics, as ``package.module:Name``.
        progress: called with the name of each before it is computed.
    """
    rows = []
    for name in dict.fromkeys((*METRICS, *named)):
        progress(f"metric {name}")
        if name in METRICS.builtin:
            rows += METRICS[name](drawn)
        else:
            rows.append(single_row(drawn, name, METRICS[name]()))
    return rows, _left_out(drawn)


def substructure_rows(drawn: Resampling) -> list[Row]:
    """W1 of the substructure observables that all samples have."""
    rows = []
    for quantity in SUBSTRUCTURE:
        values = {
            kind: read
            for kind, jets in _kinds(drawn).items()
            if (read := quantity_values(jets, quantity)) is not None
        }
        if len(values) < len(_kinds(drawn)):
            continue
        scale = 1.0 if quantity.observable.unit or quantity.name == "d2" else 1e-3
        rows.append(
            table_row(
                quantity._replace(scale=scale),
                floor_between(drawn, values["all real"]),
                {
                    name: replicated(drawn.real, side, values["real"], values[name])
                    for name, side in drawn.sides.items()
                },
            )
        )
    return rows


def efp_rows(drawn: Resampling) -> list[Row]:
    """W1 of the five polynomials of W1EFP, and their mean."""
    every = {name: jets.polynomials[:, W1EFP] for name, jets in _kinds(drawn).items()}
    floors: list[Tensor] = []
    found: dict[str, list[Tensor]] = {name: [] for name in drawn.sides}
    for k in range(len(GRAPHS)):
        values = {name: Values(x[:, k], torch.arange(len(x))) for name, x in every.items()}
        floors.append(floor_between(drawn, values["all real"]))
        for name, side in drawn.sides.items():
            found[name].append(replicated(drawn.real, side, values["real"], values[name]))
    rows = [
        table_row(
            _quantity(
                f"efp_{k + 1}",
                f"energy-flow polynomial {k + 1} of 5",
                f"W1EFP, {k + 1}",
                1e-5,
                _POLYNOMIAL + ", ".join(f"{a + 1}-{b + 1}" for a, b in GRAPHS[k]),
            ),
            floor,
            {name: parts[k] for name, parts in found.items()},
        )
        for k, floor in enumerate(floors)
    ]
    mean = table_row(
        _quantity(
            "w1efp",
            "mean of the five polynomials",
            "W1EFP",
            1e-5,
            "mean of the distances of the five energy-flow polynomials",
        ),
        torch.stack(floors).mean(0),
        {name: torch.stack(parts).mean(0) for name, parts in found.items()},
    )
    return [*rows, mean]


def fpd_rows(drawn: Resampling) -> list[Row]:
    """FPD, not extrapolated to samples without end; none for as few jets as polynomials."""
    if drawn.size <= len(efp_graphs(4)):
        return []
    quantity = _quantity(
        "fpd",
        f"FPD of {drawn.size} jets, not extrapolated",
        "FPD",
        1e-3,
        "Frechet distance between normal distributions with the means and covariances of the 36 "
        "energy-flow polynomials of up to four edges",
    )
    return [feature_row(drawn, quantity, frechet_distances, _scaled_efps(drawn, drawn))]


def kpd_rows(drawn: Resampling) -> list[Row]:
    """KPD of at most ``KPD_JETS`` jets."""
    fewer = drawn.fewer(KPD_JETS)
    quantity = _quantity(
        "kpd",
        f"KPD of {fewer.size} jets",
        "KPD",
        1e-3,
        "maximum mean discrepancy of the same 36 polynomials with a polynomial kernel; can be "
        "negative",
    )
    return [feature_row(fewer, quantity, discrepancies, _scaled_efps(drawn, fewer))]


def fpnd_row(drawn: Resampling, network: Callable[[MeasuredSets], Tensor]) -> Row | None:
    """FPND: the Frechet distance of a network's activations; None without more jets than these."""
    values = {name: network(jets) for name, jets in _kinds(drawn).items()}
    if drawn.size <= values["real"].shape[1]:
        return None
    quantity = _quantity(
        "fpnd",
        f"FPND of {drawn.size} jets",
        "FPND",
        1.0,
        "Frechet distance between the activations of a classifier network",
    )
    return feature_row(drawn, quantity, frechet_distances, values)


def _scaled_efps(drawn: Resampling, fewer: Resampling) -> dict[str, Tensor]:
    """The 36 polynomials, each divided by its largest value in the real jets.

    For ``fewer`` jets they are taken from those of ``drawn``, which begin with the same jets.
    """
    kinds = _kinds(drawn)
    values = {name: kinds[name].polynomials[: len(jets)] for name, jets in _kinds(fewer).items()}
    largest = values["real"].abs().amax(0)
    scale = torch.where(largest == 0, torch.ones_like(largest), largest)
    return {name: x / scale for name, x in values.items()}


def feature_row(
    drawn: Resampling, quantity: Quantity, metric: Metric, values: dict[str, Tensor]
) -> Row:
    """A metric on features ``(B, d)`` of the real jets, of the pool, and of each sample."""
    pool, real = values["all real"], values["real"]
    common = drawn.pool.weights
    return table_row(
        quantity,
        metric(pool, pool, *drawn.splits, (common, common)),
        {
            name: metric(
                real,
                values[name],
                with_nominal(drawn.real.counts),
                with_nominal(side.counts),
                (drawn.real.jets.weights, side.jets.weights),
            )
            for name, side in drawn.sides.items()
        },
    )


def frechet_distances(
    x: Tensor,
    y: Tensor,
    plus: Tensor,
    minus: Tensor,
    weights: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """:func:`jetgen.metrics.fpd.frechet` for each pair of counts."""
    own = weights or (x.new_ones(len(x)), y.new_ones(len(y)))
    sides = (resampled_moments(*side) for side in ((x, plus, own[0]), (y, minus, own[1])))
    return torch.stack([frechet_distance(a, b) for a, b in zip(*sides, strict=True)])


def discrepancies(
    x: Tensor,
    y: Tensor,
    plus: Tensor,
    minus: Tensor,
    weights: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Squared discrepancies for all weightings at once, without pairs of a jet with itself.

    Unlike in :func:`jetgen.metrics.kpd.discrepancy`, a jet that a bootstrap drew twice does not
    form a pair with itself, so that resamplings are not biased to larger values.
    """
    plus, minus = plus.double(), minus.double()
    if weights is not None:
        plus, minus = plus * weights[0], minus * weights[1]
    if x is y:
        inside, other, across = _within(x, plus, minus)
        return inside + other - 2 * across
    within = _within(x, plus)[0] + _within(y, minus)[0]
    total = plus.new_zeros(len(plus))
    for rows, some in zip(x.split(_ROWS), plus.split(_ROWS, dim=1), strict=True):
        total += (some * (minus @ kernel(y, rows))).sum(1)
    return within - 2 * total / (plus.sum(1) * minus.sum(1))


def _within(x: Tensor, *sides: Tensor) -> list[Tensor]:
    """``(R,)`` weighted means of the kernel over pairs of distinct jets.

    Within each of the ``sides`` ``(R, B)`` of weights, then across two of them. Pairs are formed
    once, from the blocks on and above the diagonal.
    """
    among = [*((side, side) for side in sides), *combinations(sides, 2)]
    totals = [side.new_zeros(len(side)) for side, _ in among]
    for start in range(0, len(x), _ROWS):
        here, later = slice(start, start + _ROWS), slice(start, None)
        values = kernel(x[here], x[later])
        values[:, : len(values)].triu_(1)
        reached = {id(side): side[:, later] @ values.T for side in sides}
        for total, (a, b) in zip(totals, among, strict=True):
            total += (a[:, here] * reached[id(b)]).sum(1) + (b[:, here] * reached[id(a)]).sum(1)
    return [
        total / (a.sum(1) * b.sum(1) - (a * b).sum(1))
        for total, (a, b) in zip(totals, among, strict=True)
    ]


def matching_rows(drawn: Resampling) -> list[Row]:
    """Uncovered share and matching distance of disjoint batches of 100 jets; none if too few."""
    count = _batches(drawn)
    if count < 2:
        return []
    start = min(len(drawn.real.jets), len(drawn.pool) // 2)
    floor = _matched(drawn.pool[:start], drawn.pool[start:], count)
    found = {name: _matched(drawn.real.jets, s.jets, count) for name, s in drawn.sides.items()}
    titles = (
        (
            "uncovered",
            "1 − COV, share of uncovered jets",
            1.0,
            f"of {MATCHED_JETS} {drawn.reference} jets, those that are nearest to none of "
            f"{MATCHED_JETS} others by energy mover's distance",
        ),
        (
            "mmd",
            f"MMD of {MATCHED_JETS} jets",
            1e-3,
            f"mean energy mover's distance of a {drawn.reference} jet to the nearest of "
            f"{MATCHED_JETS} others",
        ),
    )
    return [
        _batch_row(
            _quantity(name, title, title, scale, definition),
            floor[k],
            {n: v[k] for n, v in found.items()},
        )
        for k, (name, title, scale, definition) in enumerate(titles)
    ]


def _batches(drawn: Resampling) -> int:
    """Disjoint batches for coverage and matching distance, of the samples and of the floor."""
    return min(
        MATCHED_BATCHES, drawn.size // MATCHED_JETS, drawn.pool.counted // (2 * MATCHED_JETS)
    )


def _matched(real: MeasuredSets, generated: MeasuredSets, count: int) -> Tensor:
    """``(2, count)`` uncovered share and matching distance of disjoint batches.

    Of weighted jets a batch holds more, and ``MATCHED_JETS`` of them are drawn by weight.
    """
    sides = [
        [
            jets[slice(k * each, (k + 1) * each)].drawn_by_weight(MATCHED_JETS).relative
            for k in range(count)
        ]
        for jets in (real, generated)
        for each in [round(MATCHED_JETS * len(jets) / jets.counted)]
    ]
    found = []
    for known, made in zip(*sides, strict=True):
        coverage, mmd = matching_of_jets(made, known)
        found.append(torch.stack([1 - coverage, mmd]))
    return torch.stack(found, dim=1)


def _batch_row(quantity: Quantity, floor: Tensor, samples: dict[str, Tensor]) -> Row:
    """Means over batches, with the errors of the means."""
    error = len(floor) ** -0.5
    spread = floor.std().item() * error
    return Row(
        quantity,
        floor.mean().item(),
        spread,
        {
            name: Distance(
                values.mean().item(),
                values.std().item() * error,
                spreads_above(values.mean().item(), floor.mean().item(), spread),
                times_floor(values.mean().item(), floor.mean().item(), spread),
            )
            for name, values in samples.items()
        },
    )


def _left_out(drawn: Resampling) -> list[str]:
    warnings = []
    for observable in SUBSTRUCTURE_OBSERVABLES:
        unknown = [
            k for k, jets in _kinds(drawn).items() if observable.name not in jets.observables
        ]
        if unknown:
            warnings.append(
                f"{observable.title}: omitted, not available for {', '.join(unknown)} jets"
            )
    if drawn.size <= len(efp_graphs(4)):
        warnings.append(
            f"FPD: omitted, it needs more than 36 jets per side, there are {drawn.size}"
        )
    if _batches(drawn) < 2:
        warnings.append(
            f"COV and MMD: omitted, they need {2 * MATCHED_JETS} jets per side and "
            f"{4 * MATCHED_JETS} {drawn.reference} ones for the floor, there are {drawn.size} and "
            f"{drawn.pool.counted}"
        )
    return warnings


def _kinds(drawn: Resampling) -> dict[str, MeasuredSets]:
    sides = {name: side.jets for name, side in drawn.sides.items()}
    return {"real": drawn.real.jets, "all real": drawn.pool, **sides}


_POLYNOMIAL = (
    "sum over groups of four particles of the product of their shares of pT and of the angular "
    "distances of the pairs "
)


def _quantity(name: str, title: str, symbol: str, scale: float, definition: str) -> Quantity:
    return Quantity(Observable(name, title, symbol), scale, definition)
