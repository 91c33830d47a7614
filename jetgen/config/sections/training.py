"""Options of the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jetgen.components import FIGURES
from jetgen.config.option import option
from jetgen.config.sections.by_objective import by_objective

Optimiser = Literal["adam", "muon", "rmsprop", "sgd"]


def _learning_rate(config: Any) -> float:
    return 0.003 if config.optimiser == "muon" else 0.001


@dataclass(frozen=True)
class TrainingOptions:
    """Epochs, steps, and what is computed beside them."""

    epochs: int = option(60, at_least=1, section="training", common=True, help="epochs at most")
    batch: int = option(64, at_least=1, common=True, help="jets per step, over all processes")
    accumulate: int = option(
        1,
        at_least=1,
        below=1025,
        help="pieces that the jets of a step are processed in, one after the other, with less "
        "memory",
    )
    optimiser: Optimiser = option(
        None,
        derived=by_objective("optimiser"),
        help="optimiser (default: adam for gan, else muon, in whose place a prior of codes has "
        "adam)",
    )
    learning_rate: float = option(
        None,
        derived=_learning_rate,
        above=0,
        below=1e6,
        help="learning rate (default: 0.003 with muon, else 0.001)",
    )
    schedule: Literal["constant", "cosine"] = option("cosine", help="learning rate over epochs")
    clip: float = option(1.0, at_least=0, help="largest norm of the gradient; 0 for no limit")
    patience: int = option(
        80, above=0, help="epochs without a better validation loss before stopping"
    )
    monitor: tuple[str, ...] = option(
        (),
        choices=FIGURES,
        help="metrics of generated against validation jets during training, comma-separated, of "
        "w1m, w1p, fpd and fom (AUC of boosted trees, the only one for sets of named features); "
        "the first one chooses the best epoch",
    )
    monitor_every: int = option(5, help="epochs from one computation of these metrics to the next")
    keep_every: int = option(
        0,
        at_least=0,
        help="keep the weights of every N-th epoch of the first stage, for "
        "`jetgen.load(run, epoch=EPOCH)`; 0 for the best epoch alone",
    )
    log: Literal["tensorboard", "wandb"] | None = option(
        None,
        help="write the rows of metrics.csv also for TensorBoard, to the run's folder, or to "
        "Weights & Biases",
    )
    time_limit: float | None = option(
        None,
        above=0,
        common=True,
        help="minutes after which training ends and keeps its best epoch",
    )
