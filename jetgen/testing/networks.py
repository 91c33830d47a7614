"""The laws of encoders and decoders on masked sets, and whether a network keeps them.

Each law is a function of a network and its inputs that raises ``AssertionError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from jetgen.config.train import TrainConfig
from jetgen.networks.base import Decoder, Encoder
from jetgen.networks.masking import masked
from jetgen.networks.sets import SetDecoder
from jetgen.testing.holding import hold

FEATURES, CONTEXT, LATENT, SLOTS, NEIGHBOURS = 3, 2, 5, 9, 4
COUNTS = (0, 1, 2, NEIGHBOURS - 1, NEIGHBOURS, SLOTS)
# A width of 16: torch draws the end of other batches of noise differently.
SMALL = {"hidden": 16, "layers": 2, "latent": LATENT, "particles": 12, "neighbours": NEIGHBOURS}
FULL: dict[str, Any] = {"counts": (12, 12, 12), "slots": 12}
LARGE: dict[str, Any] = {"counts": (1, 149, 150), "slots": 150}
DTYPES = (torch.float32, torch.float64)

Inputs = tuple[Tensor, Tensor, Tensor]
Draw = Callable[[], tuple[torch.Generator, ...]]


def sets(
    dtype: torch.dtype = torch.float64, counts: tuple[int, ...] = COUNTS, slots: int = SLOTS
) -> Inputs:
    """Particles, mask and context of one set for each count, with holes anywhere."""
    generator = torch.Generator().manual_seed(1)
    particles = torch.randn(len(counts), slots, FEATURES, generator=generator).to(dtype)
    mask = torch.arange(slots) < torch.tensor(counts).unsqueeze(1)
    mask = mask[:, torch.randperm(slots, generator=generator)]
    context = torch.randn(len(counts), CONTEXT, generator=generator).to(dtype)
    return masked(particles, mask), mask, context


def codes(dtype: torch.dtype = torch.float64, **options: Any) -> Inputs:
    """Latent codes, mask and context of one set for each count."""
    _, mask, context = sets(dtype, **options)
    generator = torch.Generator().manual_seed(2)
    return torch.randn(len(mask), LATENT, generator=generator).to(dtype), mask, context


def permutation(size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(3))


def draws() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def assert_close(received: Tensor, expected: Tensor) -> None:
    tolerance = 1e-4 if received.dtype == torch.float32 else 1e-10
    torch.testing.assert_close(received, expected, rtol=tolerance, atol=tolerance)


def with_gradients(
    network: nn.Module, particles: Tensor, mask: Tensor, context: Tensor
) -> tuple[Tensor, ...]:
    """The result, and the gradients of a sum of squares: particles' and parameters'."""
    particles = particles.clone().requires_grad_()
    output = network(particles, mask, context)
    wanted = [particles, *network.parameters()]
    return output.detach(), *torch.autograd.grad(output.square().sum(), wanted)


# The laws of encoders.


def ignores_order(network: nn.Module, particles: Tensor, mask: Tensor, context: Tensor) -> None:
    order = permutation(mask.shape[1])
    shuffled = network(particles[:, order], mask[:, order], context)
    assert_close(shuffled, network(particles, mask, context))


def ignores_padding(network: nn.Module, particles: Tensor, mask: Tensor, context: Tensor) -> None:
    size = mask.shape[1]
    expected, to_particles, *to_parameters = with_gradients(network, particles, mask, context)
    for junk in (float("nan"), 1e30):
        dirty = torch.where(mask.unsqueeze(-1), particles, junk)
        dirty = torch.cat([dirty, torch.full_like(dirty[:, :2], junk)], dim=1)
        wider = nn.functional.pad(mask, (0, 2))
        received, gradient, *others = with_gradients(network, dirty, wider, context)
        assert_close(received, expected)
        assert_close(gradient[:, :size], to_particles)
        assert not gradient[~wider].any()
        for one, other in zip(others, to_parameters, strict=True):
            assert_close(one, other)


def ignores_holes(network: nn.Module, particles: Tensor, mask: Tensor, context: Tensor) -> None:
    """A set is the same without any padding."""
    together = network(particles, mask, context)
    for i in mask.any(1).nonzero().flatten():
        real = mask[i].unsqueeze(0)
        alone = network(particles[i][mask[i]].unsqueeze(0), real[real][None], context[i][None])
        assert_close(alone[0], together[i])


def treats_jets_independently(
    network: nn.Module, particles: Tensor, mask: Tensor, context: Tensor
) -> None:
    together = network(particles, mask, context)
    for i in range(len(particles)):
        alone = network(particles[i : i + 1], mask[i : i + 1], context[i : i + 1])
        assert_close(alone[0], together[i])


def stays_finite(network: nn.Module, particles: Tensor, mask: Tensor, context: Tensor) -> None:
    for values in with_gradients(network, particles, mask, context):
        assert torch.isfinite(values).all()


# The laws of decoders, whose draws, where they make any, come from one generator.


def makes_what_the_mask_asks(network: Any, z: Tensor, mask: Tensor, context: Tensor) -> None:
    made = network(z, mask, context, draws())
    assert made.shape == (*mask.shape, FEATURES)
    assert torch.isfinite(made).all()
    assert not made[~mask].any()
    assert made[mask].any(-1).all()


class Given(nn.Module):
    """Queries that are given."""

    def __init__(self, starts: Tensor) -> None:
        super().__init__()
        self.starts = starts

    def forward(self, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.starts


def follows_its_queries(network: Any, z: Tensor, mask: Tensor, context: Tensor) -> None:
    """Permuted queries give the same particles, permuted."""
    starts, order = network.queries(mask, draws()), permutation(mask.shape[1])
    expected = network(z, mask, context, draws())[:, order]
    network.queries = Given(starts[..., order, :])
    assert_close(network(z, mask[:, order], context), expected)


def ignores_empty_slots(network: Any, z: Tensor, mask: Tensor, context: Tensor) -> None:
    wider = nn.functional.pad(mask, (0, 3))
    received = network(z, wider, context)
    assert_close(received[:, : mask.shape[1]], network(z, mask, context))


def decodes_jets_independently(network: Any, z: Tensor, mask: Tensor, context: Tensor) -> None:
    z, mask, context = z.flip(0), mask.flip(0), context.flip(0)  # the full sets first
    together = network(z, mask, context, draws())
    assert_close(network(z[:2], mask[:2], context[:2], draws()), together[:2])


# The laws of both.


def trains_every_parameter(network: nn.Module, *inputs: Tensor) -> None:
    network(*inputs).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def is_the_same_in_training_and_evaluation(
    network: nn.Module, *inputs: Tensor, draw: Draw | None = None
) -> None:
    trained = network.train()(*inputs, *(draw() if draw else ()))
    assert_close(network.eval()(*inputs, *(draw() if draw else ())), trained)


def survives_saving(
    network: nn.Module, fresh: nn.Module, *inputs: Tensor, draw: Draw | None = None
) -> None:
    """A network with all weights zero gives the same numbers once it has loaded the saved ones."""
    for parameter in fresh.parameters():
        nn.init.zeros_(parameter)
    fresh.load_state_dict(load(save(network.state_dict())))
    expected = network(*inputs, *(draw() if draw else ()))
    assert torch.equal(fresh(*inputs, *(draw() if draw else ())), expected)


ENCODER_LAWS = (ignores_padding, treats_jets_independently, stays_finite)
SET_LAWS = (ignores_order, ignores_holes)
DECODER_LAWS = (makes_what_the_mask_asks, decodes_jets_independently)


def check_encoder(
    encoder: type[Encoder], options: Mapping[str, Any] | None = None, /, **training: Any
) -> None:
    """Check that an encoder is a function of sets: no padding, no other jet, no order changes it.

    An encoder with ``ordered`` may depend on the order. Sizes are small, and one is as large as the
    largest jets; sets are empty, of one particle, and full, with padding in any place.

    Args:
        encoder: the class.
        options: its own options by name.
        training: options of the training that it is built with.

    Raises:
        AssertionError: when it breaks a law, with the law's name.
    """
    own = encoder.filled_options(options)

    def made(dtype: torch.dtype = torch.float64, **sizes: Any) -> Encoder:
        config = _config(training, sizes)
        torch.manual_seed(0)
        network = encoder.build(config, FEATURES, CONTEXT, 2 * LATENT, own).to(dtype)
        return network if encoder.same_in_training else network.eval()

    laws = (*ENCODER_LAWS, *(() if encoder.ordered else SET_LAWS))
    for dtype in DTYPES:
        for law in laws:
            hold(law, made(dtype), *sets(dtype))
    hold(trains_every_parameter, made(), *sets(**FULL))
    if encoder.same_in_training:
        hold(is_the_same_in_training_and_evaluation, made(), *sets())
    hold(survives_saving, made(), made(), *sets())
    for law in laws:
        hold(law, made(particles=152), *sets(**LARGE))


def check_decoder(
    decoder: type[Decoder], options: Mapping[str, Any] | None = None, /, **training: Any
) -> None:
    """Check that a decoder makes what the mask asks for, each jet for itself.

    Args:
        decoder: the class.
        options: its own options by name.
        training: options of the training that it is built with.

    Raises:
        AssertionError: when it breaks a law, with the law's name.
    """
    own = decoder.filled_options(options)

    def made(dtype: torch.dtype = torch.float64, **sizes: Any) -> Decoder:
        config = _config(training, sizes)
        torch.manual_seed(0)
        network = decoder.build(config, CONTEXT, FEATURES, own).to(dtype)
        return network if decoder.same_in_training else network.eval()

    inputs = codes()
    seeds = (torch.Generator().manual_seed(seed) for seed in (4, 5))
    steady = torch.equal(*(made()(*inputs, generator) for generator in seeds))
    laws = (*DECODER_LAWS, *((ignores_empty_slots,) if steady else ()))
    for law in laws:
        for dtype in DTYPES:
            hold(law, made(dtype), *codes(dtype))
        if steady:
            hold(law, made(particles=153), *codes(**LARGE))
    if issubclass(decoder, SetDecoder):
        hold(follows_its_queries, made(), *inputs)
    hold(trains_every_parameter, made(), *codes(**FULL))
    if decoder.same_in_training:
        hold(is_the_same_in_training_and_evaluation, made(), *inputs, draw=lambda: (draws(),))
    hold(survives_saving, made(), made(), *inputs, draw=lambda: (draws(),))


def _config(training: Mapping[str, Any], sizes: Mapping[str, Any]) -> TrainConfig:
    return TrainConfig(**{**SMALL, **training, **sizes})
