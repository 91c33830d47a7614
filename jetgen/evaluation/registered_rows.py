"""Metrics of other packages as rows of an evaluation, with floor and uncertainty."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.components import METRICS
from jetgen.evaluation.comparison import Row, table_row
from jetgen.evaluation.resampling import Resampling
from jetgen.metrics.base import Metric
from jetgen.physics.observables import Observable
from jetgen.physics.quantities import Quantity


def registered_rows(drawn: Resampling, named: tuple[str, ...] = ()) -> list[Row]:
    """One row for each metric that an installed package adds, and for each further one by name.

    The floor comes from splits of the real jets into two halves, the uncertainty from bootstrap
    resamplings of both sides (pairs for reconstructed jets).

    Args:
        drawn: the jets, their splits and resamplings.
        named: further metrics, as ``package.module:Name``.
    """
    names = dict.fromkeys((*METRICS, *named))
    return [_row(drawn, name, METRICS[name]()) for name in names]


def _row(drawn: Resampling, name: str, metric: Metric) -> Row:
    replicas = min(metric.replicas, drawn.replicas)
    first, second = drawn.splits
    floor = [
        metric(drawn.pool[_rows(first[k])], drawn.pool[_rows(second[k])]) for k in range(replicas)
    ]
    found = {}
    for sample, side in drawn.sides.items():
        values = [metric(drawn.real.jets, side.jets)]
        for k in range(replicas):
            real = drawn.real.jets[_rows(drawn.real.counts[k])]
            values.append(metric(real, side.jets[_rows(side.counts[k])]))
        found[sample] = torch.tensor(values, dtype=torch.float64)
    observable = Observable(name.rpartition(":")[2], metric.title, metric.title, metric.unit)
    quantity = Quantity(observable, metric.scale, metric.title)
    return table_row(quantity, torch.tensor(floor, dtype=torch.float64), found)


def _rows(counts: Tensor) -> Tensor:
    """Each row as often as it counts."""
    return torch.arange(len(counts)).repeat_interleave(counts.long())
