"""Construction of the networks named in the options of a training."""

from __future__ import annotations

from dataclasses import replace

from jetgen.components import DECODERS, DISCRIMINATORS, ENCODERS
from jetgen.config.train import TrainConfig
from jetgen.networks.base import Decoder, Encoder
from jetgen.networks.velocity import SetVelocity


def sized(config: TrainConfig, part: str) -> TrainConfig:
    """The options with the width and depth of one part in place of those of all networks."""
    sizes = {size: getattr(config, f"{part}_{size}") for size in ("hidden", "layers")}
    own = {size: value for size, value in sizes.items() if value is not None}
    return replace(config, **own) if own else config


def build_encoder(config: TrainConfig, features: int, context: int, outputs: int) -> Encoder:
    """The encoder named in ``config``, with numbers of features, context variables and outputs."""
    encoder: type[Encoder] = ENCODERS[config.encoder]
    return encoder.build(config, features, context, outputs, config.own_options("encoder"))


def build_discriminator(config: TrainConfig, features: int, context: int) -> Encoder:
    """The discriminator named in ``config``, or its encoder, with one output."""
    config = sized(config, "discriminator")
    if config.discriminator is None:
        return build_encoder(config, features, context, 1)
    network: type[Encoder] = DISCRIMINATORS[config.discriminator]
    return network.build(config, features, context, 1, config.own_options("discriminator"))


def build_decoder(config: TrainConfig, features: int, context: int) -> Decoder:
    """The decoder named in ``config``, with ``context`` variables in addition to the code."""
    decoder: type[Decoder] = DECODERS[config.decoder]
    return decoder.build(sized(config, "decoder"), context, features, config.own_options("decoder"))


def build_velocity(config: TrainConfig, features: int, context: int) -> SetVelocity:
    """A velocity network made of the layers of the decoder named in ``config``."""
    config = sized(config, "decoder")
    return SetVelocity(
        DECODERS[config.decoder].stack,
        features,
        context,
        hidden=config.hidden,
        layers=config.layers,
    )
