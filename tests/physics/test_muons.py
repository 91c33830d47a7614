"""What is known of a muon."""

import pytest
import torch

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
    assert muons.has_condition("type") and "type" not in found


def test_other_sets_are_no_muons():
    pair = ParticleCloud(torch.ones(2, 2, 3), torch.ones(2, 2, dtype=torch.bool), CARTESIAN)
    named = (Feature("a"),)
    row = ParticleCloud(torch.ones(2, 1, 1), torch.ones(2, 1, dtype=torch.bool), named)
    for sets in (pair, row):
        with pytest.raises(InputError, match="muons: expected sets of one muon with px, py, pz"):
            measure_muons(sets)
