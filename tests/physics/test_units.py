"""Momenta in other units than GeV are the same jets; units of no energy are refused."""

from dataclasses import replace

import pytest
import torch

from jetgen.cloud import RELATIVE, Feature
from jetgen.errors import InputError
from jetgen.physics.fourvectors import to_relative
from jetgen.physics.observables import measure
from jetgen.physics.units import in_gev, without_unit


def in_unit(cloud, unit, factor):
    features = tuple(feature._replace(unit=unit) for feature in cloud.features)
    return replace(cloud, particles=cloud.particles * factor, features=features)


@pytest.mark.parametrize(("unit", "factor"), [("MeV", 1e3), ("MeV/c", 1e3), ("TeV", 1e-3)])
def test_the_same_jets_in_another_unit(toy_jets, unit, factor):
    jets = toy_jets(20, 1).to(torch.float64)
    expected, found = measure(jets), measure(in_unit(jets, unit, factor))
    assert set(found.observables) == set(expected.observables)
    for name, values in expected.observables.items():
        torch.testing.assert_close(found.observables[name], values, rtol=1e-9, atol=1e-6)


def test_units_of_conditions_count_too(toy_jets):
    relative = to_relative(toy_jets(20, 1).to(torch.float64))
    jet = {Feature(name, ""): relative.condition(name) for name in ("eta", "phi")}
    jet |= {Feature(name, "MeV"): 1000 * relative.condition(name) for name in ("pt", "mass")}
    bare = replace(relative, conditions=relative.conditions[:, :0], condition_features=())
    found = in_gev(bare.with_conditions(jet))
    assert found.features == RELATIVE
    torch.testing.assert_close(found.condition("pt"), relative.condition("pt"))
    torch.testing.assert_close(found.condition("eta"), relative.condition("eta"))


def test_no_unit_counts_as_gev_and_a_wrong_one_is_refused(toy_jets):
    jets = toy_jets(20, 1)
    assert without_unit(jets) == []
    silent = in_unit(jets, "", 1)
    assert without_unit(silent) == ["px", "py", "pz"]
    assert in_gev(silent).features == jets.features
    with pytest.raises(InputError, match=r"px: expected a unit of energy .* received cm"):
        in_gev(in_unit(jets, "cm", 1))
