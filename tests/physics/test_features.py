"""Columns of sets with any named features: of sets of one, of few and of many items."""

import math

import pytest
import torch

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.physics.features import feature_observables, items_alike, measure_features

PAIR = (Feature("pt", "GeV"), Feature("charge"))


def sets(values, mask, features, **conditions):
    cloud = ParticleCloud(torch.tensor(values), torch.tensor(mask), features)
    return cloud.with_conditions({Feature(n): torch.tensor(v) for n, v in conditions.items()})


def test_a_row_of_a_table_has_its_columns_and_conditions_in_their_units():
    rows = sets([[[1.0, 2.0]], [[3.0, 4.0]]], [[True], [True]], PAIR, type=[0.0, 1.0])
    found = {o.label: values.tolist() for o, values in feature_observables(rows)}
    assert found == {"pt [GeV]": [1, 3], "charge": [2, 4], "type": [0, 1]}
    measured = measure_features(rows)
    assert (
        measured.kind.noun.many == "entries" and measured.observables["pt"].dtype == torch.float64
    )


def test_items_of_few_are_told_apart_by_falling_pt_whatever_their_order():
    pairs = sets([[[1.0, 7.0], [3.0, 8.0]]], [[True, True]], PAIR)
    found = {name: values.item() for name, values in measure_features(pairs).observables.items()}
    assert found == {"pt_1": 3, "charge_1": 8, "pt_2": 1, "charge_2": 7}
    turned = ParticleCloud(pairs.particles.flip(1), pairs.mask, pairs.features)
    assert measure_features(turned).observables == measure_features(pairs).observables


def test_two_jets_have_their_mass_together():
    jet = tuple(map(Feature, ("pt", "eta", "phi", "mass", "btag")))
    values = [[[50.0, 0.0, 0.0, 0.0, 0.2], [50.0, 0.0, math.pi, 0.0, 0.9]]]
    found = measure_features(sets(values, [[True, True]], jet)).observables
    assert found["dijet_mass"].item() == pytest.approx(100)
    assert found["btag_2"].item() == pytest.approx(0.9)


def test_sets_of_varying_size_have_means_over_their_items():
    some = sets(
        [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [9.0, 9.0]]], [[True, True], [True, False]], PAIR
    )
    assert items_alike(some) == 0
    found = {o.name: values.tolist() for o, values in feature_observables(some)}
    assert found == {"multiplicity": [2, 1], "mean_pt": [2, 5], "mean_charge": [3, 6]}


def test_momenta_have_a_size():
    particles = torch.tensor([[[3.0, 4.0, 12.0]]])
    found = measure_features(
        ParticleCloud(particles, torch.ones(1, 1, dtype=torch.bool), CARTESIAN)
    ).observables
    assert list(found) == ["px", "py", "pz", "pt", "p"]
    assert (found["pt"].item(), found["p"].item()) == (5.0, 13.0)


def test_a_column_called_pt_stays_as_it_is():
    features = (*CARTESIAN, Feature("pt", "MeV"))
    rows = ParticleCloud(torch.ones(3, 1, 4), torch.ones(3, 1, dtype=torch.bool), features)
    found = measure_features(rows).observables
    assert found["pt"].tolist() == [1, 1, 1] and "p" not in found
