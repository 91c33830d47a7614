"""Residuals of reconstructed jets: known shifts come back, in the right bins."""

from dataclasses import replace

import pytest
import torch

from jetgen.errors import InputError
from jetgen.metrics.residuals import band, residuals
from jetgen.physics.observables import measure


@pytest.fixture
def jets(toy_jets):
    return toy_jets(60, 1)


def by_name(found):
    return {residual.name: residual for residual in found}


def test_identical_jets_have_no_residuals(jets):
    found = residuals(measure(jets), measure(jets))
    assert [r.name for r in found] == [
        "mass", "pt", "ptrel_1", "ptrel_2", "ptrel_3", "etarel", "phirel",
    ]  # fmt: skip
    for residual in found:
        assert len(residual.values) == len(residual.jet) == 60
        assert residual.values.abs().max() == 0


def test_momenta_scaled_by_a_tenth_shift_mass_and_pt_alone(jets):
    scaled = replace(jets, particles=1.1 * jets.particles)
    found = by_name(residuals(measure(jets), measure(scaled)))
    for name in ("mass", "pt"):
        assert torch.allclose(found[name].values, torch.tensor(0.1).double(), atol=1e-5)
    for name in ("ptrel_1", "ptrel_2", "ptrel_3", "etarel", "phirel"):
        assert found[name].values.abs().max() < 1e-5


def test_the_order_of_particles_plays_no_role(jets):
    shuffled = measure(jets.shuffled(torch.Generator().manual_seed(0)))
    for residual in residuals(measure(jets), shuffled):
        assert residual.values.abs().max() < 1e-5


def test_jets_without_the_particle_do_not_take_part(jets):
    mask = jets.mask.clone()
    mask[3] = False
    mask[5, 1:] = False
    mask[5, 0] = True
    fewer = replace(jets, particles=jets.particles * mask.unsqueeze(2), mask=mask)
    found = by_name(residuals(measure(jets), measure(fewer)))
    assert 3 not in found["mass"].jet
    assert 5 in found["ptrel_1"].jet
    assert 5 not in found["ptrel_2"].jet


def test_reconstructions_must_correspond(jets):
    with pytest.raises(InputError, match="each of the 60 jets, received 50"):
        residuals(measure(jets), measure(jets[:50]))


def test_the_band_follows_a_known_line():
    x = torch.arange(1000).double()
    noise = torch.randn(1000, generator=torch.Generator().manual_seed(1)).double()
    found = band(x, 0.01 * x + noise, bins=5)
    assert found.jets.tolist() == [200] * 5
    assert torch.allclose(found.median, 0.01 * found.centre, atol=0.5)
    half = (found.high - found.low) / 2
    assert ((half > 0.8) & (half < 1.5)).all()


def test_equal_values_share_a_bin():
    x = torch.tensor([1.0] * 50 + [2.0] * 50)
    found = band(x, x, bins=10)
    assert found.centre.tolist() == [1.0, 2.0]
    assert found.median.tolist() == [1.0, 2.0]
