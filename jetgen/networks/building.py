"""Networks by name, from the options of a training."""

from __future__ import annotations

from torch import nn

from jetgen.config.train import TrainConfig
from jetgen.networks.deepsets import DeepSetsDecoder, DeepSetsEncoder
from jetgen.networks.dense import DenseDecoder, DenseEncoder
from jetgen.networks.edgeconv import EdgeConvEncoder


def build_encoder(config: TrainConfig, features: int, context: int, outputs: int) -> nn.Module:
    """The encoder that ``config`` names, for ``features`` and ``context`` input columns."""
    hidden, layers = config.hidden, config.layers
    match config.encoder:
        case "dense":
            return DenseEncoder(
                features, context, outputs, particles=config.particles, hidden=hidden, layers=layers
            )
        case "deepsets":
            return DeepSetsEncoder(features, context, outputs, hidden=hidden, layers=layers)
        case "edgeconv":
            return EdgeConvEncoder(
                features,
                context,
                outputs,
                hidden=hidden,
                layers=layers,
                neighbours=config.neighbours,
                coordinates=2 if config.representation == "relative" else 3,
                backend=config.edgeconv_backend,
            )


def build_decoder(config: TrainConfig, features: int, context: int) -> nn.Module:
    """The decoder that ``config`` names, for ``context`` columns beside the latent code."""
    size = {"particles": config.particles, "hidden": config.hidden, "layers": config.layers}
    match config.decoder:
        case "dense":
            return DenseDecoder(config.latent, context, features, **size)
        case "deepsets":
            return DeepSetsDecoder(config.latent, context, features, queries=config.queries, **size)
