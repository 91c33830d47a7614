"""Construction of the objective named in the options of a training."""

from __future__ import annotations

from jetgen.components import OBJECTIVES
from jetgen.config.train import TrainConfig
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel


def build_objective(config: TrainConfig, layout: Layout) -> JetModel:
    """The model named in ``config``, for training jets with this layout."""
    objective: type[JetModel] = OBJECTIVES[config.objective]
    return objective(config, layout, **config.own_options("objective"))
