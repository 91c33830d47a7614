"""What to cite: the works behind a model, the data it was trained on, and its evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jetgen.citing.bibliography import (
    AAE,
    ACTIVE_UNITS,
    ANGULARITIES,
    ANTI_KT,
    BETA_VAE,
    CORRELATORS,
    CUTTING,
    DEEP_SETS,
    DIJET_GAN,
    DYNAMIC_GRAPH,
    EFPS,
    ENERGY_FLOW_NETWORKS,
    EPIC,
    EVALUATING,
    FASTJET,
    FASTJET_SPEED,
    FLOW_MATCHING,
    FREE_BITS,
    GAN,
    HINGE,
    JET_FLOW_MATCHING,
    JET_VAE,
    JETGEN,
    LATENT_FLOW_MATCHING,
    LHC_JETS,
    LHC_OLYMPICS,
    LSGAN,
    MESSAGE_PASSING,
    METRIC_SPACE,
    MMD,
    MUON_GAN,
    PARTICLE_NET,
    POWER_COUNTING,
    PYTHIA,
    SET_TRANSFORMER,
    SINKHORN,
    SOFT_DROP,
    SPARSE,
    SPLINE_FLOWS,
    SUBJETTINESS,
    SWAE,
    VAE,
    WAE,
    WGAN_GP,
    Citation,
    Work,
)
from jetgen.config.train import TrainConfig
from jetgen.datasets.detection import Paths, detect, find_files, open_source
from jetgen.runs.folder import RunFolder

OBJECTIVE_WORKS: Mapping[str, tuple[Work, ...]] = {
    "ae": (),
    "vae": (VAE, JET_VAE),
    "wae": (WAE, MMD),
    "swae": (SWAE,),
    "aae": (AAE,),
    "gan": (),  # cited by its loss
    "flow-matching": (FLOW_MATCHING, JET_FLOW_MATCHING),
}
GAN_LOSS_WORKS: Mapping[str, tuple[Work, ...]] = {
    "bce": (GAN,),
    "lsgan": (GAN, LSGAN),
    "hinge": (GAN, HINGE),
    "wgan-gp": (GAN, WGAN_GP),
}
NETWORK_WORKS: Mapping[str, tuple[Work, ...]] = {
    "dense": (),
    "conv": (SPARSE,),
    "pyramid": (MUON_GAN,),
    "deepsets": (DEEP_SETS, ENERGY_FLOW_NETWORKS),
    "epic": (EPIC,),
    "edgeconv": (DYNAMIC_GRAPH, PARTICLE_NET),
    "message-passing": (MESSAGE_PASSING,),
    "transformer": (SET_TRANSFORMER, EVALUATING),
}
LOSS_WORKS: Mapping[str, tuple[Work, ...]] = {
    "mse": (),
    "bce": (),
    "chamfer": (SPARSE,),
    "emd": (METRIC_SPACE, SINKHORN),
}
PRIOR_WORKS: Mapping[str, tuple[Work, ...]] = {
    "gaussian": (),
    "mixture": (AAE,),
    "discrete": (AAE,),
    "flow": (SPLINE_FLOWS,),
    "flow-matching": (FLOW_MATCHING, LATENT_FLOW_MATCHING),
}
CONSTRAINT_WORKS: Mapping[str, tuple[Work, ...]] = {
    "mass": (),
    "pt": (),
    "multiplicity": (),
    "efp": (EFPS, CUTTING),
}
"""The works behind the choices of ``jetgen train``, by option."""

FORMAT_WORKS: Mapping[str, tuple[Work, ...]] = {
    "jetgen HDF5": (),  # cited by what the file says about itself
    "JetNet HDF5": (MESSAGE_PASSING,),
    "LHC jet data set HDF5": (LHC_JETS,),
    "EnergyFlow npz": (ENERGY_FLOW_NETWORKS,),
    "jetgen sets HDF5": (),
    "LHC Olympics HDF5": (LHC_OLYMPICS,),
    "ROOT tree": (),
    "Parquet table": (),
    "CSV table": (),
}
"""The works that ask to be cited for data in each format."""


def of_training(config: TrainConfig) -> list[Citation]:
    """jetgen, and the works behind the objective, networks, losses and prior of a training."""
    found = [Citation(JETGEN, "this program")]
    found += _cited(OBJECTIVE_WORKS[config.objective], f"the objective {config.objective}")
    if config.objective == "vae" and config.beta != 1:
        found += _cited((BETA_VAE,), f"a Kullback-Leibler weight of {config.beta:g}")
    if config.objective == "vae" and config.free_bits:
        found += _cited((FREE_BITS,), "free bits")
    if config.objective == "gan":
        found += _cited(GAN_LOSS_WORKS[config.gan_loss], f"the gan loss {config.gan_loss}")
    if config.azimuth is not None:
        found += _cited((DIJET_GAN,), "events turned in azimuth")
    if config.objective != "flow-matching":
        found += _cited(NETWORK_WORKS[config.encoder], f"the {config.encoder} encoder")
    found += _cited(NETWORK_WORKS[config.decoder], f"the {config.decoder} decoder")
    if config.objective not in ("gan", "flow-matching"):
        found += _cited(LOSS_WORKS[config.loss], f"the {config.loss} loss")
        for name in config.constraint_weights():
            found += _cited(CONSTRAINT_WORKS[name], f"the {name} term of the loss")
        found += _cited(PRIOR_WORKS[config.prior], f"the {config.prior} prior")
    return merged(found)


def of_run(folder: str | Path) -> list[Citation]:
    """The works behind a run's training and its data.

    Raises:
        InputError: when the folder holds no run, or its data cannot be found or read.
    """
    config = RunFolder(folder).read_config()
    return merged([*of_training(config), *of_files(config.data)])


def of_files(paths: Paths) -> list[Citation]:
    """The works behind files of jets, from their formats and what they say about themselves.

    Raises:
        InputError: when a file is missing, damaged, or of no known format.
    """
    found: list[Citation] = []
    for path in find_files(paths):
        found += of_data(detect(path).name, open_source(path).attributes)
    return merged(found)


def of_data(format_name: str, attributes: Mapping[str, Any]) -> list[Citation]:
    """The works behind jets of this format whose file says these things about itself."""
    found = _cited(
        FORMAT_WORKS[format_name], f"the published data in the format {format_name}, if used"
    )
    if "pythia_settings" in attributes:
        found += _cited((PYTHIA,), "simulation of the jets")
    if attributes.get("command") == "cluster":
        found += _cited((LHC_OLYMPICS,), "the events that were clustered")
    if "pythia_settings" in attributes or attributes.get("command") == "cluster":
        found += _cited((FASTJET, FASTJET_SPEED, ANTI_KT), "clustering of the jets")
    return found


def of_report(*, jets: bool = True, latent: bool) -> list[Citation]:
    """The works behind the numbers and figures of a report, which only that of jets has many."""
    found: list[Citation] = []
    if jets:
        found += _cited((MESSAGE_PASSING,), "the distances W1M and W1P")
        found += _cited((ANGULARITIES,), "angularities")
        found += _cited((CORRELATORS, POWER_COUNTING), "C2 and D2")
        found += _cited((SUBJETTINESS,), "tau21 and tau32")
        found += _cited((SOFT_DROP,), "soft-drop mass")
        found += _cited((FASTJET, FASTJET_SPEED), "N-subjettiness and soft drop")
    if latent:
        found += _cited((ACTIVE_UNITS,), "active columns of the latent code")
    return found


def merged(citations: Iterable[Citation]) -> list[Citation]:
    """Each work once, in order of first appearance, with all its reasons."""
    reasons: dict[Work, list[str]] = {}
    for work, reason in citations:
        known = reasons.setdefault(work, [])
        if reason not in known:
            known.append(reason)
    return [Citation(work, "; ".join(found)) for work, found in reasons.items()]


def _cited(works: Iterable[Work], reason: str) -> list[Citation]:
    return [Citation(work, reason) for work in works]
