"""Networks by name, from the options of a training."""

from __future__ import annotations

from torch import nn

from jetgen.config.train import TrainConfig
from jetgen.networks.conv import ConvDecoder, ConvEncoder
from jetgen.networks.deepsets import DeepSetsDecoder, DeepSetsEncoder
from jetgen.networks.dense import DenseDecoder, DenseEncoder
from jetgen.networks.edgeconv import EdgeConvEncoder
from jetgen.networks.epic import EpicDecoder, EpicEncoder
from jetgen.networks.message_passing import MessagePassingDecoder, MessagePassingEncoder
from jetgen.networks.pyramid import PyramidDecoder, PyramidEncoder
from jetgen.networks.sets import SetDecoder, SetEncoder
from jetgen.networks.transformer import TransformerDecoder, TransformerEncoder
from jetgen.networks.velocity import SetVelocity

_ORDERED_ENCODERS = {"dense": DenseEncoder, "conv": ConvEncoder, "pyramid": PyramidEncoder}
_ORDERED_DECODERS = {"dense": DenseDecoder, "conv": ConvDecoder, "pyramid": PyramidDecoder}
_SET_ENCODERS: dict[str, type[SetEncoder]] = {
    "deepsets": DeepSetsEncoder,
    "epic": EpicEncoder,
    "message-passing": MessagePassingEncoder,
    "transformer": TransformerEncoder,
}
_SET_DECODERS: dict[str, type[SetDecoder]] = {
    "deepsets": DeepSetsDecoder,
    "epic": EpicDecoder,
    "message-passing": MessagePassingDecoder,
    "transformer": TransformerDecoder,
}


def build_encoder(config: TrainConfig, features: int, context: int, outputs: int) -> nn.Module:
    """The encoder that ``config`` names, for ``features`` and ``context`` input columns."""
    columns, hidden, layers = (features, context, outputs), config.hidden, config.layers
    name = config.encoder
    if name == "edgeconv":
        return EdgeConvEncoder(
            *columns,
            hidden=hidden,
            layers=layers,
            neighbours=config.neighbours,
            coordinates={"relative": 2, "cartesian": 3, "features": features}[
                config.representation
            ],
            backend=config.edgeconv_backend,
        )
    if name in _ORDERED_ENCODERS:
        return _ORDERED_ENCODERS[name](
            *columns, particles=config.particles, hidden=hidden, layers=layers
        )
    return _SET_ENCODERS[name](*columns, hidden=hidden, layers=layers)


def build_decoder(config: TrainConfig, features: int, context: int) -> nn.Module:
    """The decoder that ``config`` names, for ``context`` columns beside the latent code."""
    columns = (config.latent, context, features)
    size = {"particles": config.particles, "hidden": config.hidden, "layers": config.layers}
    name = config.decoder
    if name in _ORDERED_DECODERS:
        return _ORDERED_DECODERS[name](*columns, **size)
    return _SET_DECODERS[name](*columns, **size, queries=config.queries)


def build_velocity(config: TrainConfig, features: int, context: int) -> SetVelocity:
    """A velocity network of the layers of the decoder that ``config`` names."""
    return SetVelocity(
        _SET_DECODERS[config.decoder].stack,
        features,
        context,
        hidden=config.hidden,
        layers=config.layers,
    )
