"""The verdicts on published claims follow from the distances of the trainings."""

from types import SimpleNamespace

import pytest
import torch

from jetgen.studies.sparse_jets import (
    FLOW,
    GAUSSIAN,
    JET_VARIABLES,
    RECONSTRUCTED,
    Measurement,
    _claims,
)

JETS = {name: torch.tensor([0.0, 10.0, 20.0]) for name in JET_VARIABLES}


def trained(seed: int, **distances: float) -> Measurement:
    """A training with these distances in every variable, up to the accident of its seed."""
    accident = 0.1 * ((seed * 7) % 5 - 2)
    values = {RECONSTRUCTED: distances["decoded"], GAUSSIAN: distances["gaussian"]}
    values[FLOW] = distances["flow"]
    row = SimpleNamespace(
        distances={
            sample: SimpleNamespace(value=value + accident * (k + 1))
            for k, (sample, value) in enumerate(values.items())
        }
    )
    checked = SimpleNamespace(real=SimpleNamespace(observables=JETS))
    return Measurement(checked, SimpleNamespace(row=lambda name: row))


def verdicts(mse: dict[str, float], chamfer: dict[str, float], seeds: int = 5) -> list[str]:
    runs = {
        f"dense-{loss}-terms": [trained(seed + shift, **distances) for seed in range(1, seeds + 1)]
        for shift, (loss, distances) in enumerate((("mse", mse), ("chamfer", chamfer)))
    }
    claims = _claims(runs, "dense")
    assert all(f"{seeds} training" in claim.basis and "p" in claim.basis for claim in claims)
    return [claim.verdict for claim in claims]


def test_the_published_picture_is_confirmed():
    mse = {"decoded": 5.0, "gaussian": 30.0, "flow": 8.0}
    assert verdicts(mse, {**mse, "decoded": 5.7}) == ["confirmed"] * 4


@pytest.mark.parametrize(
    ("chamfer", "expected"),
    [
        ({"decoded": 3.0}, ["not confirmed", "not confirmed"]),
        ({"decoded": 5.0}, ["undecided", "confirmed"]),
    ],
)
def test_the_comparison_of_losses_follows_the_distances(chamfer, expected):
    mse = {"decoded": 5.0, "gaussian": 30.0, "flow": 8.0}
    assert verdicts(mse, {**mse, **chamfer})[:2] == expected


def test_a_flow_that_does_not_help_is_refuted():
    mse = {"decoded": 5.0, "gaussian": 5.0, "flow": 8.0}
    assert verdicts(mse, mse)[3] == "not confirmed"


def test_one_training_decides_nothing():
    mse = {"decoded": 5.0, "gaussian": 30.0, "flow": 8.0}
    assert set(verdicts(mse, mse, seeds=1)) == {"undecided"}


def test_networks_that_reconstruct_worse_than_a_constant_decide_nothing():
    mse = {"decoded": 5.0, "gaussian": 30.0, "flow": 8.0}
    untrained = {**mse, "decoded": 7.5}  # jets of 0, 10 and 20 are 6.7 from their median
    assert verdicts(mse, {**mse, "decoded": 6.3})[0] == "confirmed"
    assert verdicts(mse, untrained) == ["undecided"] * 4
