"""Muons and other items as columns of numbers."""

import pytest
import torch
from jetgen.physics.items import item_columns, item_observables

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.muons import MUON_OBSERVABLES, measure_muons


def test_a_muon_has_its_columns_and_its_momentum(make_muons):
    muons = make_muons(20)
    found = measure_muons(muons)
    assert {o.name for o in MUON_OBSERVABLES} <= set(found)
    p = muons.particles[:, 0, :3].double().norm(dim=1)
    torch.testing.assert_close(found["p"], p)
    torch.testing.assert_close(found["log_p"], p.log10())
    torch.testing.assert_close(10 ** found["log_pt"], found["pt"])
    assert "type" not in found and "type" in item_observables(muons)


def test_larger_sets_have_their_columns_slot_by_slot():
    particles = torch.arange(12.0).reshape(2, 2, 3)
    mask = torch.tensor([[True, True], [True, False]])
    sets = ParticleCloud(particles, mask, CARTESIAN)
    assert list(item_columns(sets)) == ["n", "px_1", "py_1", "pz_1", "px_2", "py_2", "pz_2"]
    found = item_observables(sets)
    assert found["n"].tolist() == [2, 1] and found["px_2"].tolist() == [3, 0]
    assert found["pt_1"].tolist() == [1.0, pytest.approx(85**0.5)]
    assert found["p_2"].tolist() == [pytest.approx(50**0.5), 0]


def test_columns_that_are_called_pt_already_stay():
    features = (*CARTESIAN, Feature("pt", "MeV"))
    sets = ParticleCloud(torch.ones(3, 1, 4), torch.ones(3, 1, dtype=torch.bool), features)
    assert item_observables(sets)["pt"].tolist() == [1, 1, 1]


def test_other_sets_are_no_muons():
    pair = ParticleCloud(torch.ones(2, 2, 3), torch.ones(2, 2, dtype=torch.bool), CARTESIAN)
    named = (Feature("a"),)
    row = ParticleCloud(torch.ones(2, 1, 1), torch.ones(2, 1, dtype=torch.bool), named)
    for sets in (pair, row):
        with pytest.raises(InputError, match="muons: expected sets of one muon with px, py, pz"):
            measure_muons(sets)
