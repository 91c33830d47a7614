"""Jets passed from Python are checked as those of files when they are trained on."""

import numpy as np
import pytest

import jetgen
from jetgen.errors import InputError, InputWarning
from jetgen.physics.fourvectors import to_cartesian, to_relative
from jetgen.runs.data import load_jets


def test_momenta_in_mev_are_noticed_of_clouds_too(toy_jets):
    jets = to_cartesian(to_relative(toy_jets(30, 1)))
    names = [feature.name for feature in jets.features]
    large = jetgen.from_numpy(jets.particles * 1e6, jets.mask, names)
    with pytest.warns(InputWarning, match="data: a median jet pT .* looks like MeV"):
        load_jets(jetgen.TrainConfig(data=["in memory"]), data=large)


@pytest.mark.parametrize("names", [("pt", "eta", "phi"), ("etarel", "phirel", "ptrel")])
def test_negative_pt_of_clouds_is_refused_too(names):
    values = np.random.default_rng(1).normal(size=(30, 5, 3))
    jets = jetgen.from_numpy(values, features=names)
    with pytest.raises(InputError, match=r"data: .* a negative particle pT in \d+ jets"):
        load_jets(jetgen.TrainConfig(data=["in memory"]), data=jets)
