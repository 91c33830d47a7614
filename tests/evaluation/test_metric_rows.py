"""Rows of the field's metrics: what several of them need is computed once."""

import pytest
import torch

from jetgen.components import METRICS
from jetgen.evaluation import metric_rows
from jetgen.evaluation.checks import check
from jetgen.evaluation.resampling import resample
from jetgen.metrics.w1efp import GRAPHS
from jetgen.physics import observables
from jetgen.physics.efp import efps


def test_polynomials_are_computed_once_for_each_kind_of_jets(toy_jets, monkeypatch):
    checked = check(toy_jets(200, 1), {"generated": toy_jets(150, 2)})
    drawn = resample(checked, replicas=3, seed=5)
    computed = []

    def computing(cloud):
        computed.append(len(cloud))
        return efps(cloud)

    monkeypatch.setattr(observables, "efps", computing)
    monkeypatch.setattr(metric_rows, "KPD_JETS", 60)
    steps = []
    rows, _ = metric_rows.metric_rows(drawn, progress=steps.append)
    assert steps == [f"metric {name}" for name in METRICS]
    assert computed == [150, 200, 150]  # real, all real, generated

    for jets in (drawn.real.jets, drawn.sides["generated"].jets):
        five = efps(jets.relative, GRAPHS)
        torch.testing.assert_close(jets.polynomials[:, metric_rows.W1EFP], five)

    fewer = resample(checked, replicas=3, seed=5, most=60)
    values = {
        "real": efps(fewer.real.jets.relative),
        "all real": efps(fewer.pool.relative),
        "generated": efps(fewer.sides["generated"].jets.relative),
    }
    scale = values["real"].amax(0)
    alone = metric_rows.feature_row(
        fewer,
        next(row.quantity for row in rows if row.quantity.name == "kpd"),
        metric_rows.discrepancies,
        {name: x / scale for name, x in values.items()},
    )
    found = next(row for row in rows if row.quantity.name == "kpd")
    assert found.floor == pytest.approx(alone.floor)
    assert found.distances["generated"].value == pytest.approx(alone.distances["generated"].value)
