"""Every component by name: encoders, losses, priors, formats and the others.

This file holds import paths only; each component is one file. Other packages add to a registry with
entry points of its group, and ``package.module:Name`` stands for any component without one (see
``docs/extending.md``).
"""

from __future__ import annotations

from jetgen.registry import Registry

ENCODERS = Registry(
    "encoder",
    "jetgen.encoders",
    "jetgen.networks.base:Encoder",
    {
        "dense": "jetgen.networks.dense:DenseEncoder",
        "conv": "jetgen.networks.conv:ConvEncoder",
        "pyramid": "jetgen.networks.pyramid:PyramidEncoder",
        "deepsets": "jetgen.networks.deepsets:DeepSetsEncoder",
        "edgeconv": "jetgen.networks.edgeconv:EdgeConvEncoder",
        "epic": "jetgen.networks.epic:EpicEncoder",
        "message-passing": "jetgen.networks.message_passing:MessagePassingEncoder",
        "transformer": "jetgen.networks.transformer:TransformerEncoder",
    },
)
"""Networks from particles to one vector for each jet."""

DECODERS = Registry(
    "decoder",
    "jetgen.decoders",
    "jetgen.networks.base:Decoder",
    {
        "dense": "jetgen.networks.dense:DenseDecoder",
        "conv": "jetgen.networks.conv:ConvDecoder",
        "pyramid": "jetgen.networks.pyramid:PyramidDecoder",
        "deepsets": "jetgen.networks.deepsets:DeepSetsDecoder",
        "epic": "jetgen.networks.epic:EpicDecoder",
        "message-passing": "jetgen.networks.message_passing:MessagePassingDecoder",
        "transformer": "jetgen.networks.transformer:TransformerDecoder",
    },
)
"""Networks from one vector for each jet to particles."""

DISCRIMINATORS = Registry(
    "discriminator", "jetgen.discriminators", "jetgen.networks.base:Encoder", ENCODERS.builtin
)
"""Networks from particles to one number for each jet; built in are the encoders."""

OBJECTIVES = Registry(
    "objective",
    "jetgen.objectives",
    "jetgen.objectives.model:JetModel",
    {
        "ae": "jetgen.objectives.ae:AE",
        "vae": "jetgen.objectives.vae:VAE",
        "wae": "jetgen.objectives.wae:WAE",
        "swae": "jetgen.objectives.swae:SWAE",
        "aae": "jetgen.objectives.aae:AAE",
        "gan": "jetgen.objectives.gan:GAN",
        "flow-matching": "jetgen.objectives.flow_matching:FlowMatching",
    },
)
"""What trainings minimise."""

LOSSES = Registry(
    "loss",
    "jetgen.losses",
    "jetgen.losses.base:ReconstructionLoss",
    {
        "mse": "jetgen.losses.mse:MSE",
        "bce": "jetgen.losses.bce:BCE",
        "chamfer": "jetgen.losses.chamfer:Chamfer",
        "emd": "jetgen.losses.emd:EMD",
    },
)
"""Reconstruction losses: distances between two sets of particles."""

CONSTRAINTS = Registry(
    "constraint",
    "jetgen.constraints",
    "jetgen.losses.constraints:JetTerm",
    {
        "mass": "jetgen.losses.constraints:MASS",
        "pt": "jetgen.losses.constraints:PT",
        "efp": "jetgen.losses.constraints:EFP",
        "multiplicity": "jetgen.losses.constraints:MULTIPLICITY",
    },
)
"""Jet-level quantities whose difference can be a term of the loss."""

PRIORS = Registry(
    "prior",
    "jetgen.priors",
    "jetgen.priors.base:Prior",
    {
        "gaussian": "jetgen.priors.gaussian:GaussianPrior",
        "mixture": "jetgen.priors.mixture:MixturePrior",
        "discrete": "jetgen.priors.discrete:DiscretePrior",
        "flow": "jetgen.priors.flow:FlowPrior",
        "flow-matching": "jetgen.priors.flow_matching:FlowMatchingPrior",
    },
)
"""Distributions of latent codes."""

REGISTRIES = (
    ENCODERS, DECODERS, DISCRIMINATORS, OBJECTIVES, LOSSES, CONSTRAINTS, PRIORS,
)  # fmt: skip
"""All registries."""
