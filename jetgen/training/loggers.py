"""Write the rows of ``metrics.csv`` also to TensorBoard or Weights & Biases."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from lightning_fabric.loggers import Logger

from jetgen.config.train import TrainConfig
from jetgen.extras import require_package


class WandbLogger(Logger):
    """A run of Weights & Biases.

    Args:
        folder: the folder of the training, which names the run.
    """

    def __init__(self, folder: Path) -> None:
        wandb = require_package("wandb")
        self.run = wandb.init(project="jetgen", name=folder.name, dir=str(folder))

    @property
    def name(self) -> str:
        return str(self.run.project)

    @property
    def version(self) -> str:
        return str(self.run.id)

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.run.log(metrics, step=step)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        self.run.config.update(params, allow_val_change=True)

    def finalize(self, status: str) -> None:
        self.run.finish()


def logger_of(config: TrainConfig, folder: Path) -> Logger | None:
    """The logger that the options name, with the options logged; ``None`` without one.

    Raises:
        InputError: when its package is not installed.
    """
    if config.log is None:
        return None
    if config.log == "tensorboard":
        require_package("tensorboard")
        from lightning_fabric.loggers import TensorBoardLogger

        logger: Logger = TensorBoardLogger(folder, name="tensorboard", version="")
    else:
        logger = WandbLogger(folder)
        logger.log_hyperparams(dataclasses.asdict(config))
    return logger


def scalars(row: dict[str, Any]) -> dict[str, float]:
    """The numbers of a row of ``metrics.csv``, under the name of their stage."""
    return {
        f"{row['stage']}/{name}": float(value)
        for name, value in row.items()
        if isinstance(value, int | float)
    }
