"""Options of the networks of a training, and of what they depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.components import DECODERS, DISCRIMINATORS, ENCODERS, OBJECTIVES
from jetgen.config.option import DEEPEST, WIDEST, option


@dataclass(frozen=True)
class ModelOptions:
    """The objective and its networks."""

    objective: str = option(
        "vae",
        choices=OBJECTIVES,
        section="model",
        common=True,
        help="what the training minimises: ae, a plain autoencoder; vae, a variational one; wae "
        "and swae, with a kernel or sliced Wasserstein distance of its codes to the prior; aae, an "
        "adversarial one; gan, a generative adversarial network; flow-matching",
    )
    condition: list[str] = option(
        [],
        common=True,
        help="jet-level quantities that the model is conditioned on: mass, pt, n, type or others "
        "of the data, NAME or NAME,NAME; may be given several times (n always is one; pt and eta "
        "are with relative features)",
    )
    region: str | None = option(
        None,
        help="selection on observables, such as 'mass > 150' or 'p > 50 and pt > 1': the model is "
        "conditioned on whether a jet passes it (condition `region`, 1 or 0)",
    )
    objective_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the objective; may be given several times"
    )
    encoder: str = option("deepsets", choices=ENCODERS, common=True, help="encoder network")
    encoder_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the encoder; may be given several times"
    )
    decoder: str = option("deepsets", choices=DECODERS, common=True, help="decoder network")
    decoder_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the decoder; may be given several times"
    )
    discriminator: str | None = option(
        None, choices=DISCRIMINATORS, help="the gan's discriminator (default: as `encoder`)"
    )
    discriminator_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the discriminator; may be given several times"
    )
    hidden: int = option(
        96,
        at_least=1,
        below=WIDEST,
        help="width of the hidden layers; of a pyramid's narrowest one",
    )
    layers: int = option(
        3,
        at_least=1,
        below=DEEPEST,
        help="number of hidden layers (dense, pyramid), convolutions (conv) or set layers",
    )
    decoder_hidden: int | None = option(
        None,
        at_least=1,
        below=WIDEST,
        help="width of the decoder, a gan's generator (default: as `hidden`)",
    )
    decoder_layers: int | None = option(
        None, at_least=1, below=DEEPEST, help="its number of layers (default: as `layers`)"
    )
    discriminator_hidden: int | None = option(
        None,
        at_least=1,
        below=WIDEST,
        help="width of the discriminator (gan, aae; default: as `hidden`)",
    )
    discriminator_layers: int | None = option(
        None,
        at_least=1,
        below=DEEPEST,
        help="its number of layers (gan, aae; default: as `layers`, of an aae 2)",
    )
    neighbours: int = option(
        16, at_least=1, below=WIDEST, help="nearest neighbours of the edgeconv encoder"
    )
    edgeconv_backend: Literal["dense", "pyg"] = option(
        "dense", help="own masked kernels, or torch-geometric's layers on ragged graphs"
    )
    queries: Literal["learned", "noise"] = option(
        "learned", help="input of a set decoder for each particle: a learned vector, or noise"
    )
    latent: int = option(20, at_least=1, below=WIDEST, common=True, help="latent dimension")
