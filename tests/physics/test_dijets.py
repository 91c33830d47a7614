"""Di-jet events measured against what is known of them in closed form."""

import math
from dataclasses import replace

import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.dijets import measure_dijets

FEATURES = (
    Feature("pt", "GeV"),
    Feature("eta"),
    Feature("phi", "rad"),
    Feature("mass", "GeV"),
    Feature("tau21"),
)


def events(*jets: list[float]) -> ParticleCloud:
    particles = torch.tensor([jets], dtype=torch.float64)
    return ParticleCloud(particles, torch.ones(1, len(jets), dtype=torch.bool), FEATURES)


def test_massless_jets_back_to_back_have_the_textbook_mass():
    pair = events([500.0, 0.7, 0.2, 0.0, 0.5], [1000.0, -0.4, 0.2 - math.pi, 0.0, 0.3])
    found = measure_dijets(pair)
    expected = math.sqrt(2 * 500 * 1000 * (math.cosh(1.1) + 1))
    assert found["dijet_mass"].item() == pytest.approx(expected)
    assert found["delta_eta"].item() == pytest.approx(1.1)
    assert found["delta_phi"].item() == pytest.approx(math.pi)
    assert found["pt_1"].item() == 1000 and found["eta_1"].item() == -0.4
    assert found["pt_2"].item() == 500 and found["tau21_2"].item() == 0.5


def test_a_jet_at_rest_beside_another_adds_its_mass():
    pair = events([300.0, 0.0, 0.0, 400.0, 0.5], [0.0, 0.0, 0.0, 100.0, 0.5])  # E = 500 + 100
    assert measure_dijets(pair)["dijet_mass"].item() == pytest.approx(math.sqrt(600**2 - 300**2))


def test_whole_turns_of_a_jet_change_nothing():
    jets = [[500.0, 0.7, 3.0, 50.0, 0.5], [400.0, -0.4, -3.0, 60.0, 0.3]]
    plain = measure_dijets(events(*jets))
    jets[1][2] += 2 * math.pi
    turned = measure_dijets(events(*jets))
    assert all(turned[name].item() == pytest.approx(value.item()) for name, value in plain.items())
    assert plain["delta_phi"].item() == pytest.approx(2 * math.pi - 6)


def test_other_sets_are_refused():
    pair = events([500.0, 0.7, 0.2, 0.0, 0.5], [400.0, -0.4, -2.9, 0.0, 0.3])
    one = replace(pair, mask=torch.tensor([[True, False]]))
    unnamed = replace(pair, features=(Feature("x"), *FEATURES[1:]))
    for wrong in (one, unnamed):
        with pytest.raises(InputError, match="expected sets of two jets"):
            measure_dijets(wrong)
