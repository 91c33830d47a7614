"""The laws that every encoder and decoder must keep, over one list of networks."""

import pytest
import torch

from jetgen.config.train import TrainConfig
from jetgen.networks.building import build_decoder, build_encoder

FEATURES, CONTEXT, LATENT, SLOTS, NEIGHBOURS = 3, 2, 5, 9, 4
SMALL = {"hidden": 12, "layers": 2, "latent": LATENT, "particles": 12, "neighbours": NEIGHBOURS}
INVARIANT = ("deepsets", "edgeconv")
ENCODERS = (*INVARIANT, "dense")
DECODERS = (
    {"decoder": "dense"},
    {"decoder": "deepsets"},
    {"decoder": "deepsets", "queries": "noise"},
)


def encoder(name):
    torch.manual_seed(0)
    config = TrainConfig(encoder=name, **SMALL)
    return build_encoder(config, FEATURES, CONTEXT, 2 * LATENT).double()


def decoder(options):
    torch.manual_seed(0)
    return build_decoder(TrainConfig(**options, **SMALL), FEATURES, CONTEXT).double()


def sets(counts=(0, 1, NEIGHBOURS - 1, NEIGHBOURS, SLOTS)):
    generator = torch.Generator().manual_seed(1)
    particles = torch.randn(len(counts), SLOTS, FEATURES, generator=generator).double()
    mask = torch.arange(SLOTS) < torch.tensor(counts).unsqueeze(1)
    context = torch.randn(len(counts), CONTEXT, generator=generator).double()
    return torch.where(mask.unsqueeze(-1), particles, 0.0), mask, context


@pytest.mark.parametrize("name", INVARIANT)
def test_encoder_ignores_the_order_of_particles(name):
    network, (particles, mask, context) = encoder(name), sets()
    order = torch.randperm(SLOTS, generator=torch.Generator().manual_seed(2))
    shuffled = network(particles[:, order], mask[:, order], context)
    torch.testing.assert_close(shuffled, network(particles, mask, context))


def test_dense_encoder_sees_the_order_of_particles():
    network, (particles, mask, context) = encoder("dense"), sets((SLOTS,))
    reversed_order = network(particles.flip(1), mask, context)
    assert (reversed_order - network(particles, mask, context)).abs().max() > 1e-6


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("junk", [float("nan"), 1e30])
def test_encoder_ignores_padding_in_value_and_gradient(name, junk):
    network, (particles, mask, context) = encoder(name), sets()
    clean = particles.clone().requires_grad_()
    expected = network(clean, mask, context)
    expected.square().sum().backward()
    dirty = torch.where(mask.unsqueeze(-1), particles, junk)
    dirty = torch.cat([dirty, torch.full_like(dirty[:, :2], junk)], dim=1).requires_grad_()
    wider = torch.nn.functional.pad(mask, (0, 2))
    received = network(dirty, wider, context)
    received.square().sum().backward()
    torch.testing.assert_close(received, expected)
    torch.testing.assert_close(dirty.grad[:, :SLOTS], clean.grad)
    assert not dirty.grad[~wider].any()


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_treats_jets_independently(name):
    network, (particles, mask, context) = encoder(name), sets()
    together = network(particles, mask, context)
    for i in range(len(particles)):
        alone = network(particles[i : i + 1], mask[i : i + 1], context[i : i + 1])
        torch.testing.assert_close(alone[0], together[i])


@pytest.mark.parametrize("options", DECODERS, ids=str)
def test_decoder_gives_as_many_particles_as_asked_and_treats_jets_independently(options):
    network, (_, mask, context) = decoder(options), sets()
    z = torch.randn(len(mask), LATENT).double()

    def decode(rows):
        return network(z[rows], mask[rows], context[rows], torch.Generator().manual_seed(3))

    together = decode(slice(None))
    assert together.shape == (*mask.shape, FEATURES)
    assert torch.isfinite(together).all()
    assert not together[~mask].any()
    torch.testing.assert_close(decode(slice(0, 2)), together[:2])


@pytest.mark.parametrize("options", DECODERS[:2], ids=str)
def test_decoder_does_not_depend_on_padding(options):
    network, (_, mask, context) = decoder(options), sets()
    z = torch.randn(len(mask), LATENT).double()
    wider = torch.nn.functional.pad(mask, (0, 3))
    torch.testing.assert_close(network(z, wider, context)[:, :SLOTS], network(z, mask, context))


@pytest.mark.parametrize(
    "network", [*ENCODERS, *DECODERS], ids=lambda n: n if isinstance(n, str) else str(n)
)
def test_every_parameter_receives_a_gradient(network):
    particles, mask, context = sets((SLOTS, SLOTS - 1, 12))
    particles = torch.randn(3, 12, FEATURES).double()
    mask = torch.ones(3, 12, dtype=torch.bool)
    if isinstance(network, str):
        module = encoder(network)
        output = module(particles, mask, context)
    else:
        module = decoder(network)
        output = module(torch.randn(3, LATENT).double(), mask, context)
    output.square().sum().backward()
    silent = [name for name, p in module.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_is_the_same_in_training_and_evaluation(name):
    network, inputs = encoder(name), sets()
    torch.testing.assert_close(network.train()(*inputs), network.eval()(*inputs))
