"""The laws that every encoder and decoder must keep, and that they find planted bugs."""

import pytest
import torch
from torch import nn

from jetgen.components import DECODERS, DISCRIMINATORS, ENCODERS
from jetgen.config.train import TrainConfig
from jetgen.networks.masking import masked, max_pool, mean_pool
from jetgen.networks.queries import LearnedQueries
from jetgen.networks.sets import SetDecoder
from jetgen.testing import check_decoder, check_encoder
from jetgen.testing.networks import (
    CONTEXT,
    DECODER_LAWS,
    DTYPES,
    ENCODER_LAWS,
    FEATURES,
    FULL,
    LATENT,
    SET_LAWS,
    SMALL,
    codes,
    decodes_jets_independently,
    follows_its_queries,
    ignores_empty_slots,
    ignores_holes,
    ignores_order,
    ignores_padding,
    is_the_same_in_training_and_evaluation,
    makes_what_the_mask_asks,
    sets,
    stays_finite,
    survives_saving,
    trains_every_parameter,
    treats_jets_independently,
)

SETS = [name for name in DECODERS if issubclass(DECODERS[name], SetDecoder)]


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_keeps_the_laws(name):
    check_encoder(ENCODERS[name])


@pytest.mark.parametrize("name", DECODERS)
def test_decoder_keeps_the_laws(name):
    check_decoder(DECODERS[name])


@pytest.mark.parametrize("name", SETS)
def test_decoder_of_noise_keeps_the_laws(name):
    check_decoder(DECODERS[name], queries="noise")


def test_every_encoder_is_a_discriminator():
    assert DISCRIMINATORS.builtin == ENCODERS.builtin


@pytest.mark.parametrize("name", [name for name in ENCODERS if ENCODERS[name].ordered])
def test_ordered_encoder_sees_the_order_of_particles(name):
    torch.manual_seed(0)
    network = ENCODERS[name].build(TrainConfig(**SMALL), FEATURES, CONTEXT, 2 * LATENT, {})
    with pytest.raises(AssertionError):
        ignores_order(network.double().eval(), *sets())


@pytest.mark.parametrize("name", SETS)
def test_noise_gives_new_particles_at_every_call(name):
    config = TrainConfig(**SMALL, queries="noise")
    network, inputs = DECODERS[name].build(config, CONTEXT, FEATURES, {}).double(), codes()
    assert not torch.equal(network(*inputs), network(*inputs))


def test_a_broken_law_says_its_name():
    class First(ENCODERS["deepsets"]):
        def forward(self, particles, mask, context):
            return super().forward(particles[:, :1], mask[:, :1], context)

    with pytest.raises(AssertionError, match=r"ignores (order|holes)"):
        check_encoder(First)


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
