"""Metrics of other packages as rows of an evaluation, with floor and uncertainty."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from jetgen.components import METRICS
from jetgen.config.option import require
from jetgen.evaluation.comparison import Row, table_row
from jetgen.evaluation.resampling import Resampling
from jetgen.metrics.base import Metric
from jetgen.physics.observables import Observable
from jetgen.physics.quantities import Quantity


def rows_of_columns(drawn: Resampling, named: Iterable[str] = ()) -> list[Row]:
    """One row per metric of other packages that also measures sets of named features.

    Args:
        drawn: the sets, their splits and resamplings.
        named: further metrics, as ``package.module:Name``.

    Raises:
        InputError: when a named metric measures jets only.
    """
    found = {name: METRICS[name] for name in (*METRICS.installed(), *named)}
    for name in named:
        require(
            name not in METRICS.builtin and not found[name].needs_jets,
            "metric",
            "metrics of sets of named features (needs_jets = False)",
            f"{name}, which measures jets",
        )
    return [single_row(drawn, name, m()) for name, m in found.items() if not m.needs_jets]


def single_row(drawn: Resampling, name: str, metric: Metric) -> Row:
    """The row of one metric.

    The floor comes from splits of the real jets into two halves, the uncertainty from bootstrap
    resamplings of both sides (pairs for reconstructed jets). Weighted jets are drawn by weight
    unless the metric uses weights.
    """
    replicas = min(metric.replicas, drawn.replicas)
    first, second = drawn.splits
    sets = metric.taken
    floor = [
        metric(sets(drawn.pool[_rows(first[k])]), sets(drawn.pool[_rows(second[k])]))
        for k in range(replicas)
    ]
    found = {}
    for sample, side in drawn.sides.items():
        values = [metric(sets(drawn.real.jets), sets(side.jets))]
        for k in range(replicas):
            real = drawn.real.jets[_rows(drawn.real.counts[k])]
            values.append(metric(sets(real), sets(side.jets[_rows(side.counts[k])])))
        found[sample] = torch.tensor(values, dtype=torch.float64)
    observable = Observable(name.rpartition(":")[2], metric.title, metric.title, metric.unit)
    quantity = Quantity(observable, metric.scale, metric.title)
    return table_row(quantity, torch.tensor(floor, dtype=torch.float64), found)


def _rows(counts: Tensor) -> Tensor:
    """Indices of the rows, each repeated by its count."""
    return torch.arange(len(counts)).repeat_interleave(counts.long())
