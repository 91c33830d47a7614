"""The laws that every encoder and decoder must keep, over one list of networks.

The laws are plain functions of a network, so that they can be seen to find planted bugs.
"""

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from jetgen.config.train import TrainConfig
from jetgen.networks.building import build_decoder, build_encoder
from jetgen.networks.masking import masked, max_pool, mean_pool
from jetgen.networks.queries import LearnedQueries

FEATURES, CONTEXT, LATENT, SLOTS, NEIGHBOURS = 3, 2, 5, 9, 4
COUNTS = (0, 1, 2, NEIGHBOURS - 1, NEIGHBOURS, SLOTS)
# A width of 16: torch draws the end of other batches of noise differently.
SMALL = {"hidden": 16, "layers": 2, "latent": LATENT, "particles": 12, "neighbours": NEIGHBOURS}
ORDERED = ("dense", "conv", "pyramid")
SETS = ("deepsets", "epic", "message-passing", "transformer")
INVARIANT = (*SETS, "edgeconv")
ENCODERS = (*INVARIANT, *ORDERED)
DECODERS = (*ORDERED, *((name, queries) for name in SETS for queries in ("learned", "noise")))
DETERMINISTIC = tuple(name for name in DECODERS if "noise" not in name)
DTYPES = (torch.float32, torch.float64)


# Dropout and batch normalisation: in training another network than in evaluation.
TRAINED_APART = ("pyramid",)


def encoder(name, dtype=torch.float64, **options):
    torch.manual_seed(0)
    config = TrainConfig(encoder=name, **{**SMALL, **options})
    network = build_encoder(config, FEATURES, CONTEXT, 2 * LATENT).to(dtype)
    return network.eval() if name in TRAINED_APART else network


def decoder(name, dtype=torch.float64, **options):
    torch.manual_seed(0)
    kind, queries = (name, "learned") if isinstance(name, str) else name
    config = TrainConfig(decoder=kind, queries=queries, **{**SMALL, **options})
    network = build_decoder(config, FEATURES, CONTEXT).to(dtype)
    return network.eval() if kind in TRAINED_APART else network


def sets(dtype=torch.float64, counts=COUNTS, slots=SLOTS):
    """Particles, mask and context of one set for each count, with holes anywhere."""
    generator = torch.Generator().manual_seed(1)
    particles = torch.randn(len(counts), slots, FEATURES, generator=generator).to(dtype)
    mask = torch.arange(slots) < torch.tensor(counts).unsqueeze(1)
    mask = mask[:, torch.randperm(slots, generator=generator)]
    context = torch.randn(len(counts), CONTEXT, generator=generator).to(dtype)
    return masked(particles, mask), mask, context


def codes(dtype=torch.float64, **options):
    """Latent codes, mask and context of one set for each count."""
    _, mask, context = sets(dtype, **options)
    generator = torch.Generator().manual_seed(2)
    return torch.randn(len(mask), LATENT, generator=generator).to(dtype), mask, context


def permutation(size):
    return torch.randperm(size, generator=torch.Generator().manual_seed(3))


def draws():
    return torch.Generator().manual_seed(4)


def assert_close(received, expected):
    tolerance = 1e-4 if received.dtype == torch.float32 else 1e-10
    torch.testing.assert_close(received, expected, rtol=tolerance, atol=tolerance)


def with_gradients(network, particles, mask, context):
    """The result, and the gradients of a sum of squares: particles' and parameters'."""
    particles = particles.clone().requires_grad_()
    output = network(particles, mask, context)
    wanted = [particles, *network.parameters()]
    return output.detach(), *torch.autograd.grad(output.square().sum(), wanted)


# The laws of encoders.


def ignores_order(network, particles, mask, context):
    order = permutation(mask.shape[1])
    shuffled = network(particles[:, order], mask[:, order], context)
    assert_close(shuffled, network(particles, mask, context))


def ignores_padding(network, particles, mask, context):
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


def ignores_holes(network, particles, mask, context):
    """A set is the same without any padding."""
    together = network(particles, mask, context)
    for i in mask.any(1).nonzero().flatten():
        real = mask[i].unsqueeze(0)
        alone = network(particles[i][mask[i]].unsqueeze(0), real[real][None], context[i][None])
        assert_close(alone[0], together[i])


def treats_jets_independently(network, particles, mask, context):
    together = network(particles, mask, context)
    for i in range(len(particles)):
        alone = network(particles[i : i + 1], mask[i : i + 1], context[i : i + 1])
        assert_close(alone[0], together[i])


def stays_finite(network, particles, mask, context):
    for values in with_gradients(network, particles, mask, context):
        assert torch.isfinite(values).all()


# The laws of decoders, whose draws, where they make any, come from one generator.


def makes_what_the_mask_asks(network, z, mask, context):
    made = network(z, mask, context, draws())
    assert made.shape == (*mask.shape, FEATURES)
    assert torch.isfinite(made).all()
    assert not made[~mask].any()
    assert made[mask].any(-1).all()


class Given(nn.Module):
    """Queries that are given."""

    def __init__(self, starts):
        super().__init__()
        self.starts = starts

    def forward(self, mask, generator=None):
        return self.starts


def follows_its_queries(network, z, mask, context):
    """Permuted queries give the same particles, permuted."""
    starts, order = network.queries(mask, draws()), permutation(mask.shape[1])
    expected = network(z, mask, context, draws())[:, order]
    network.queries = Given(starts[..., order, :])
    assert_close(network(z, mask[:, order], context), expected)


def ignores_empty_slots(network, z, mask, context):
    wider = nn.functional.pad(mask, (0, 3))
    received = network(z, wider, context)
    assert_close(received[:, : mask.shape[1]], network(z, mask, context))


def decodes_jets_independently(network, z, mask, context):
    z, mask, context = z.flip(0), mask.flip(0), context.flip(0)  # the full sets first
    together = network(z, mask, context, draws())
    assert_close(network(z[:2], mask[:2], context[:2], draws()), together[:2])


# The laws of both.


def trains_every_parameter(network, *inputs):
    network(*inputs).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def is_the_same_in_training_and_evaluation(network, *inputs, draw=None):
    trained = network.train()(*inputs, *(draw() if draw else ()))
    assert_close(network.eval()(*inputs, *(draw() if draw else ())), trained)


def survives_saving(network, fresh, *inputs, draw=None):
    """A network with all weights zero gives the same numbers once it has loaded the saved ones."""
    for parameter in fresh.parameters():
        nn.init.zeros_(parameter)
    fresh.load_state_dict(load(save(network.state_dict())))
    expected = network(*inputs, *(draw() if draw else ()))
    assert torch.equal(fresh(*inputs, *(draw() if draw else ())), expected)


ENCODER_LAWS = (ignores_padding, treats_jets_independently, stays_finite)
SET_LAWS = (ignores_order, ignores_holes)
DECODER_LAWS = (makes_what_the_mask_asks, decodes_jets_independently)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("law", ENCODER_LAWS)
@pytest.mark.parametrize("name", ENCODERS)
def test_encoder(name, law, dtype):
    law(encoder(name, dtype), *sets(dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("law", SET_LAWS)
@pytest.mark.parametrize("name", INVARIANT)
def test_set_encoder(name, law, dtype):
    law(encoder(name, dtype), *sets(dtype))


@pytest.mark.parametrize("name", ORDERED)
def test_ordered_encoder_sees_the_order_of_particles(name):
    with pytest.raises(AssertionError):
        ignores_order(encoder(name), *sets())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("law", DECODER_LAWS)
@pytest.mark.parametrize("name", DECODERS, ids=str)
def test_decoder(name, law, dtype):
    law(decoder(name, dtype), *codes(dtype))


@pytest.mark.parametrize("name", [name for name in DECODERS if name not in ORDERED], ids=str)
def test_decoder_follows_its_queries(name):
    follows_its_queries(decoder(name), *codes())


@pytest.mark.parametrize("name", DETERMINISTIC, ids=str)
def test_decoder_ignores_empty_slots(name):
    ignores_empty_slots(decoder(name), *codes())


@pytest.mark.parametrize("name", SETS)
def test_noise_gives_new_particles_at_every_call(name):
    network, inputs = decoder((name, "noise")), codes()
    assert not torch.equal(network(*inputs), network(*inputs))


FULL = {"counts": (12, 12, 12), "slots": 12}


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_trains_every_parameter(name):
    trains_every_parameter(encoder(name), *sets(**FULL))


@pytest.mark.parametrize("name", DECODERS, ids=str)
def test_decoder_trains_every_parameter(name):
    trains_every_parameter(decoder(name), *codes(**FULL))


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_is_the_same_in_training_and_evaluation_and_once_saved(name):
    network, fresh = encoder(name), encoder(name)
    if name not in TRAINED_APART:
        is_the_same_in_training_and_evaluation(network, *sets())
    survives_saving(network, fresh, *sets())


@pytest.mark.parametrize("name", DECODERS, ids=str)
def test_decoder_is_the_same_in_training_and_evaluation_and_once_saved(name):
    network, fresh = decoder(name), decoder(name)
    if name not in TRAINED_APART:
        is_the_same_in_training_and_evaluation(network, *codes(), draw=lambda: (draws(),))
    survives_saving(network, fresh, *codes(), draw=lambda: (draws(),))


LARGE = {"counts": (1, 149, 150), "slots": 150}


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_takes_the_largest_jets(name):
    network, inputs = encoder(name, particles=152), sets(**LARGE)
    for law in (*ENCODER_LAWS, *(SET_LAWS if name in INVARIANT else ())):
        law(network, *inputs)


@pytest.mark.parametrize("name", DETERMINISTIC, ids=str)
def test_decoder_makes_the_largest_jets(name):
    network, inputs = decoder(name, particles=153), codes(**LARGE)
    for law in (*DECODER_LAWS, ignores_empty_slots):
        law(network, *inputs)


# Networks with a bug planted in them, beside the laws that must find it.


class Right(nn.Module):
    """An encoder that keeps all laws; each bug below changes one thing in it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(FEATURES + CONTEXT, 8)
        self.last = nn.Linear(8, 4)

    def labelled(self, particles, context):
        return torch.cat([particles, context.unsqueeze(1).expand(*particles.shape[:2], -1)], -1)

    def embed(self, particles, mask, context):
        return torch.tanh(self.first(self.labelled(masked(particles, mask), context)))

    def pool(self, h, mask):
        return mean_pool(h, mask)

    def forward(self, particles, mask, context):
        return self.last(self.pool(self.embed(particles, mask, context), mask))


class MeanOverAllSlots(Right):
    def pool(self, h, mask):
        return h.mean(1)


class SumOverAllSlots(Right):
    def pool(self, h, mask):
        return h.sum(1)


class MaximumOverAllSlots(Right):
    def pool(self, h, mask):
        return h.amax(1)


class MeanWithoutGuard(Right):
    def pool(self, h, mask):
        return masked(h, mask).sum(1) / mask.sum(1, keepdim=True)


class MaskByProduct(Right):
    def embed(self, particles, mask, context):
        return torch.tanh(self.first(self.labelled(particles * mask.unsqueeze(-1), context)))


class MaskAfterwards(Right):
    """Right in value; the gradient of what it throws away is not a number."""

    def embed(self, particles, mask, context):
        return masked(torch.tanh(self.first(self.labelled(particles, context))), mask)


class BatchNormOverPadding(Right):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def embed(self, particles, mask, context):
        h = super().embed(particles, mask, context)
        return self.norm(h.flatten(0, 1)).view_as(h)


class LabelsTiled(Right):
    """Rows run over the particles of a jet first, the repeated labels over the jets."""

    def labelled(self, particles, context):
        rows = torch.cat([particles.flatten(0, 1), context.repeat(particles.shape[1], 1)], -1)
        return rows.unflatten(0, particles.shape[:2])


class AttentionWithoutMask(Right):
    def pool(self, h, mask):
        return mean_pool((h @ h.transpose(1, 2)).softmax(-1) @ h, mask)


class AttentionOfEmptyRows(Right):
    def pool(self, h, mask):
        scores = (h @ h.transpose(1, 2)).masked_fill(~mask.unsqueeze(1), -torch.inf)
        return torch.where(mask.any(1, keepdim=True), mean_pool(scores.softmax(-1) @ h, mask), 0.0)


class Positions(Right):
    def pool(self, h, mask):
        return mean_pool(h * torch.arange(h.shape[1]).to(h).unsqueeze(-1), mask)


class FirstSlot(Right):
    def pool(self, h, mask):
        return masked(h, mask)[:, 0]


class Unused(Right):
    def __init__(self):
        super().__init__()
        self.forgotten = nn.Linear(8, 8)


class Dropout(Right):
    def pool(self, h, mask):
        return nn.functional.dropout(mean_pool(h, mask), 0.5, self.training)


class Unsaved(Right):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.randn(8), persistent=False)

    def pool(self, h, mask):
        return max_pool(h * self.scale, mask)


def saved(network, *inputs):
    fresh = type(network)().to(inputs[0].dtype)
    for buffer in fresh.buffers():
        buffer.zero_()
    survives_saving(network, fresh, *inputs)


LAWS_OF_ALL = (
    *SET_LAWS,
    *ENCODER_LAWS,
    trains_every_parameter,
    is_the_same_in_training_and_evaluation,
    saved,
)
PLANTED = (
    (MeanOverAllSlots, ignores_padding),
    (SumOverAllSlots, ignores_padding),
    (MaximumOverAllSlots, ignores_holes),
    (MeanOverAllSlots, ignores_holes),
    (MeanWithoutGuard, stays_finite),
    (MaskByProduct, ignores_padding),
    (MaskAfterwards, ignores_padding),
    (BatchNormOverPadding, treats_jets_independently),
    (BatchNormOverPadding, ignores_padding),
    (LabelsTiled, treats_jets_independently),
    (AttentionWithoutMask, ignores_padding),
    (AttentionOfEmptyRows, stays_finite),
    (Positions, ignores_order),
    (FirstSlot, ignores_order),
    (Unused, trains_every_parameter),
    (Dropout, is_the_same_in_training_and_evaluation),
    (Unsaved, saved),
)


@pytest.mark.parametrize("law", LAWS_OF_ALL)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_laws_pass_a_right_encoder(law, dtype):
    law(Right().to(dtype), *sets(dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("wrong", "law"), PLANTED)
def test_laws_find_planted_bugs_in_encoders(wrong, law, dtype):
    with pytest.raises(AssertionError):
        law(wrong().to(dtype), *sets(dtype))


class RightDecoder(nn.Module):
    """A decoder that keeps all laws; each bug below changes one thing in it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.queries = LearnedQueries(12, 8)
        self.expand, self.last = nn.Linear(LATENT + CONTEXT, 8), nn.Linear(8, FEATURES)

    def spread(self, code, mask):
        return code.unsqueeze(1)

    def exchange(self, h, mask):
        return h + mean_pool(h, mask).unsqueeze(1)

    def finish(self, h, mask):
        return masked(self.last(h), mask)

    def forward(self, z, mask, context, generator=None):
        code = self.expand(torch.cat([z, context], dim=1))
        h = torch.tanh(self.queries(mask, generator) + self.spread(code, mask))
        return self.finish(self.exchange(h, mask), mask)


class CodesTiled(RightDecoder):
    def spread(self, code, mask):
        return code.repeat(mask.shape[1], 1).view(*mask.shape, -1)


class DecoderMeanOverAllSlots(RightDecoder):
    def exchange(self, h, mask):
        return h + h.mean(1, keepdim=True)


class MeanOverTheBatch(RightDecoder):
    def exchange(self, h, mask):
        return h + h.mean((0, 1))


class ParticlesInEmptySlots(RightDecoder):
    def finish(self, h, mask):
        return self.last(h)


class NextSlot(RightDecoder):
    def exchange(self, h, mask):
        return h + h.roll(1, dims=1)


@pytest.mark.parametrize(
    "law", [*DECODER_LAWS, ignores_empty_slots, follows_its_queries, trains_every_parameter]
)
def test_laws_pass_a_right_decoder(law):
    law(RightDecoder().double(), *codes(**(FULL if law is trains_every_parameter else {})))


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (CodesTiled, decodes_jets_independently),
        (DecoderMeanOverAllSlots, ignores_empty_slots),
        (MeanOverTheBatch, decodes_jets_independently),
        (ParticlesInEmptySlots, makes_what_the_mask_asks),
        (NextSlot, follows_its_queries),
    ],
)
def test_laws_find_planted_bugs_in_decoders(wrong, law):
    with pytest.raises(AssertionError):
        law(wrong().double(), *codes())
