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
        "attention": "jetgen.networks.attention:AttentionEncoder",
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
        "attention": "jetgen.networks.attention:AttentionDecoder",
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
        "distillation": "jetgen.objectives.distillation:Distillation",
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

TRANSFORMS = Registry(
    "transform",
    "jetgen.transforms",
    "jetgen.datasets.transforms:Transform",
    {
        "standardise": "jetgen.datasets.transforms:Standardise",
        "minmax": "jetgen.datasets.transforms:MinMax",
        "unit": "jetgen.datasets.transforms:Unit",
        "log": "jetgen.datasets.transforms:Log",
        "signed-sqrt": "jetgen.datasets.transforms:SignedSqrt",
        "asinh": "jetgen.datasets.transforms:Asinh",
        "centred-asinh": "jetgen.datasets.transforms:CentredAsinh",
    },
)
"""Invertible steps from physical to network features."""

FORMATS = Registry(
    "file format",
    "jetgen.formats",
    "jetgen.datasets.formats.source:Format",
    {
        "jetgen HDF5": "jetgen.datasets.formats.jetgen_hdf5:JETGEN_HDF5",
        "JetNet HDF5": "jetgen.datasets.formats.jetnet_hdf5:JETNET_HDF5",
        "LHC jet data set HDF5": "jetgen.datasets.formats.hls4ml_hdf5:HLS4ML_HDF5",
        "EnergyFlow npz": "jetgen.datasets.formats.energyflow_npz:ENERGYFLOW_NPZ",
        "jetgen sets HDF5": "jetgen.datasets.formats.cloud_hdf5:CLOUD_HDF5",
        "LHC Olympics HDF5": "jetgen.datasets.formats.lhco_hdf5:LHCO_HDF5",
        "Aspen Open Jets HDF5": "jetgen.datasets.formats.aspen_hdf5:ASPEN_HDF5",
        "OmniLearn HDF5": "jetgen.datasets.formats.omnilearn_hdf5:OMNILEARN_HDF5",
        "ROOT table": "jetgen.datasets.formats.root_table:ROOT_TABLE",
        "Parquet table": "jetgen.datasets.formats.parquet_table:PARQUET_TABLE",
        "CSV table": "jetgen.datasets.formats.csv_table:CSV_TABLE",
        "pandas HDF5": "jetgen.datasets.formats.pandas_hdf5:PANDAS_HDF5",
        "HDF5 arrays": "jetgen.datasets.formats.hdf5_table:HDF5_TABLE",
        "NumPy arrays": "jetgen.datasets.formats.numpy_table:NUMPY_TABLE",
    },
)
"""File formats that are read. A file is of at most one that is not a general container."""

METRICS = Registry(
    "metric",
    "jetgen.metrics",
    "jetgen.metrics.base:Metric",
    {
        "substructure": "jetgen.evaluation.metric_rows:substructure_rows",
        "pairs": "jetgen.evaluation.pair_rows:pair_rows",
        "w1efp": "jetgen.evaluation.metric_rows:efp_rows",
        "fpd": "jetgen.evaluation.metric_rows:fpd_rows",
        "kpd": "jetgen.evaluation.metric_rows:kpd_rows",
        "cov-mmd": "jetgen.evaluation.metric_rows:matching_rows",
    },
)
"""Rows of ``jetgen evaluate`` beside the distances of single observables."""

FIGURES = Registry(
    "monitored figure",
    "jetgen.figures",
    "jetgen.metrics.base:Metric",
    {
        "w1m": "jetgen.training.monitored:W1M",
        "w1p": "jetgen.training.monitored:W1P",
        "fpd": "jetgen.training.monitored:FPD",
        "fom": "jetgen.training.monitored:FOM",
    },
)
"""Metrics that are quick enough to be monitored during a training."""

PRESETS = Registry(
    "sample",
    "jetgen.presets",
    "jetgen.datasets.simulation.presets:Preset",
    {
        "gluon": "jetgen.datasets.simulation.presets:GLUON",
        "quark": "jetgen.datasets.simulation.presets:QUARK",
        "top": "jetgen.datasets.simulation.presets:TOP",
        "w": "jetgen.datasets.simulation.presets:W",
        "z": "jetgen.datasets.simulation.presets:Z",
        "lhco-signal": "jetgen.datasets.simulation.presets:LHCO_SIGNAL",
        "lhco-qcd": "jetgen.datasets.simulation.presets:LHCO_QCD",
        "fixed-target-muons": "jetgen.datasets.simulation.presets:FIXED_TARGET_MUONS",
    },
)
"""Samples that can be simulated: the hard process, and what a set is."""

REGISTRIES = (
    ENCODERS, DECODERS, DISCRIMINATORS, OBJECTIVES, LOSSES, CONSTRAINTS, PRIORS, TRANSFORMS,
    FORMATS, METRICS, FIGURES, PRESETS,
)  # fmt: skip
"""All registries."""
