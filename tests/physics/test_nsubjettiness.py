"""N-subjettiness against FastJet's contrib, closed forms, and jets of few particles."""

import warnings

import pytest
import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.clustering import packed, packed_momenta
from jetgen.physics.fourvectors import particle_momenta, to_relative
from jetgen.physics.nsubjettiness import nsubjettiness


def cloud(*particles, slots=4):
    rows = torch.zeros(1, slots, 3, dtype=torch.float64)
    rows[0, : len(particles)] = torch.tensor(particles, dtype=torch.float64).reshape(-1, 3)
    return ParticleCloud(rows, torch.arange(slots)[None] < len(particles), RELATIVE)


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_agrees_with_fastjet_contrib(toy_jets, beta):
    import fastjet

    jets = to_relative(toy_jets(50, 1).to(torch.float64))
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, 0.8)
    sequence = fastjet.ClusterSequence(
        packed(*packed_momenta(particle_momenta(jets), jets.mask)), definition
    )
    expected = sequence.njettiness(
        measure_definition="NormalizedMeasure",
        axes_definition="WTA_KT_Axes",
        njets=[1, 2, 3],
        beta=beta,
        R0=0.8,
    ).to_numpy()
    shown = warnings.formatwarning
    found = nsubjettiness(jets, beta=beta)
    assert warnings.formatwarning is shown
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-9, atol=1e-12)
    shuffled = nsubjettiness(jets.shuffled(torch.Generator().manual_seed(2)), beta=beta)
    torch.testing.assert_close(found, shuffled)


def test_two_prongs():
    """The axis of the whole follows the harder prong: tau_1 is the softer's share at its angle."""
    jets = cloud((0.0, 0.0, 3.0), (0.4, 0.0, 1.0))
    found = nsubjettiness(jets, (1, 2), radius=0.8)
    assert found[0].tolist() == pytest.approx([0.25 * 0.4 / 0.8, 0])


def test_few_particles_are_their_own_axes():
    for particles in ((), ((0.1, 0.2, 1.0),), ((0.0, 0.0, 0.0),)):
        assert nsubjettiness(cloud(*particles)).tolist() == [[0, 0, 0]]
    mixed = ParticleCloud.concatenate([cloud(), cloud((0.0, 0.0, 3.0), (0.4, 0.0, 1.0))])
    assert nsubjettiness(mixed).tolist()[0] == [0, 0, 0]
    assert nsubjettiness(mixed)[1, 0] > 0


def test_gradients():
    mask = torch.ones(1, 6, dtype=torch.bool)
    particles = torch.rand(1, 6, 3, generator=torch.Generator().manual_seed(1)).double()
    assert torch.autograd.gradcheck(
        lambda x: nsubjettiness(ParticleCloud(x, mask, RELATIVE)), particles.requires_grad_()
    )


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="orders of at least 1"):
        nsubjettiness(cloud(), (0, 1))
