"""Average jet images: the right pixel, the right sum."""

import pytest
import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.images import average_jet_image


def jets(particles, weights=None):
    particles = torch.tensor(particles)
    mask = particles[..., 2] > 0
    return ParticleCloud(particles, mask, RELATIVE, weights=weights)


def test_one_particle_lands_in_its_pixel():
    image = average_jet_image(jets([[[0.21, -0.79, 0.5]]]), pixels=16, half_width=0.8)
    assert image.nonzero().tolist() == [[10, 0]]
    assert image[10, 0] == 0.5


def test_the_sum_is_the_mean_share_inside():
    generator = torch.Generator().manual_seed(0)
    particles = torch.rand(50, 8, 3, generator=generator) * torch.tensor([2.0, 2.0, 0.1])
    particles[..., :2] -= 1.0
    cloud = ParticleCloud(particles, torch.rand(50, 8, generator=generator) > 0.3, RELATIVE)
    inside = (cloud.particles[..., :2] >= -0.8).all(-1) & (cloud.particles[..., :2] < 0.8).all(-1)
    expected = (cloud.feature("ptrel") * inside).sum(1).mean().double()
    image = average_jet_image(cloud)
    assert image.shape == (100, 100)
    torch.testing.assert_close(image.sum(), expected)


def test_the_order_of_particles_and_padding_do_not_matter():
    cloud = jets([[[0.1, 0.1, 0.3], [0.3, -0.2, 0.7], [0.0, 0.0, 0.0]]])
    shuffled = cloud.shuffled(torch.Generator().manual_seed(1)).compact(7)
    torch.testing.assert_close(average_jet_image(shuffled), average_jet_image(cloud))


def test_event_weights_count():
    weighted = jets([[[0.1, 0.1, 1.0]], [[-0.1, 0.1, 1.0]]], weights=torch.tensor([3.0, 1.0]))
    image = average_jet_image(weighted, pixels=2)
    torch.testing.assert_close(image, torch.tensor([[0.0, 0.25], [0.0, 0.75]]).double())


def test_no_jet_is_refused():
    with pytest.raises(InputError, match="at least one jet"):
        average_jet_image(jets([[[0.1, 0.1, 1.0]]])[:0])
