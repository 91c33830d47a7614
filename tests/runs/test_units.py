"""Jets passed from Python whose momenta look like MeV are noticed when they are trained on."""

import pytest

import jetgen
from jetgen.errors import InputWarning
from jetgen.physics.fourvectors import to_cartesian, to_relative
from jetgen.runs.data import load_jets


def test_momenta_in_mev_are_noticed_of_clouds_too(toy_jets):
    jets = to_cartesian(to_relative(toy_jets(30, 1)))
    names = [feature.name for feature in jets.features]
    large = jetgen.from_numpy(jets.particles * 1e6, jets.mask, names)
    with pytest.warns(InputWarning, match="data: a median jet pT .* looks like MeV"):
        load_jets(jetgen.TrainConfig(data=["in memory"]), data=large)
