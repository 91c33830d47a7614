"""Jets of other models beside those of a run: selected as the simulated ones were."""

import json
import math

import pytest
import torch

from jetgen import kinematics
from jetgen.components import PRESETS
from jetgen.config.report import ReportConfig
from jetgen.errors import InputError
from jetgen.physics.fourvectors import particle_momenta, to_cartesian, to_relative
from jetgen.reports.beside import Cuts, in_words

CUTS = Cuts(5.0, 0.0, math.inf)


def options(**given):
    return {"config": {"sample": "top", "min_particle_pt": 2.0} | given}


def test_a_file_says_what_its_simulation_kept():
    usual = PRESETS["top"].scales
    assert Cuts.of(options()) == (2.0, usual.jet_pt_min, usual.jet_pt_max)
    given = options(jet_pt_min=300.0, jet_pt_max=None)
    assert Cuts.of(given) == (2.0, 300.0, usual.jet_pt_max)
    assert Cuts.of({"config": json.dumps(given["config"])}) == Cuts.of(given)
    assert Cuts.of(options(sample="lhco-signal")).high == PRESETS["lhco-signal"].scales.jet_pt_max


@pytest.mark.parametrize("attributes", [{}, {"config": {}}, {"config": {"min_particle_pt": 1.0}}])
def test_other_files_do_not_say_it(attributes):
    assert Cuts.of(attributes) is None
    assert "do not say" in in_words(["gluon150"], attributes)
    assert not in_words([], attributes)


@pytest.mark.parametrize("convert", [to_cartesian, to_relative])
def test_kept_particles_are_those_above_the_cut_unchanged(toy_jets, convert):
    jets = convert(toy_jets(60, 1))
    momenta = particle_momenta(to_cartesian(jets))
    hard = kinematics.pt(momenta) >= CUTS.particle
    assert hard[jets.mask].any() and not hard[jets.mask].all()
    chosen = CUTS.select(jets)
    kept = particle_momenta(chosen)
    assert (kinematics.pt(kept)[chosen.mask] >= CUTS.particle).all()
    expected = torch.where(hard.unsqueeze(-1), momenta, 0.0).sum(1)
    torch.testing.assert_close(kept.sum(1), expected, rtol=1e-4, atol=1e-3)
    again = CUTS.select(chosen)
    assert again.particles.equal(chosen.particles) and again.mask.equal(chosen.mask)


def test_jets_outside_of_the_range_are_left_out(toy_jets):
    jets = toy_jets(60, 1)
    all_pt = CUTS.select(jets).pt
    low, high = (float(all_pt.quantile(share)) for share in (0.2, 0.7))
    chosen = CUTS._replace(low=low, high=high).select(jets)
    assert chosen.pt.equal(all_pt[(all_pt >= low) & (all_pt <= high)]) and 20 < len(chosen) < 40
    assert not len(CUTS._replace(particle=1e9, low=1.0).select(jets))


def test_models_beside_files_are_refused():
    with pytest.raises(InputError, match="beside: expected none without a run"):
        ReportConfig(real="a.h5", generated=["b.h5"], output="page", beside=["gluon150"])
