"""Training objectives by name, from the options of a training."""

from __future__ import annotations

from jetgen.config.train import TrainConfig
from jetgen.objectives.aae import AAE
from jetgen.objectives.ae import AE
from jetgen.objectives.flow_matching import FlowMatching
from jetgen.objectives.gan import GAN
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.objectives.swae import SWAE
from jetgen.objectives.vae import VAE
from jetgen.objectives.wae import WAE

OBJECTIVES: dict[str, type[JetModel]] = {
    "ae": AE,
    "vae": VAE,
    "wae": WAE,
    "swae": SWAE,
    "aae": AAE,
    "gan": GAN,
    "flow-matching": FlowMatching,
}
"""The models by the names of ``objective``."""


def build_objective(config: TrainConfig, layout: Layout) -> JetModel:
    """The model that ``config`` names, for training jets of this layout."""
    return OBJECTIVES[config.objective](config, layout)
