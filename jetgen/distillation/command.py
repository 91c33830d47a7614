"""``jetgen distill``: train a model of few steps to follow a flow-matching run of many."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from jetgen.components import OBJECTIVES
from jetgen.config.distill import DistillConfig
from jetgen.errors import InputError
from jetgen.objectives.flow_matching import FlowMatching
from jetgen.runs.named import named
from jetgen.training.command import train


def distill(config: DistillConfig) -> Path:
    """Train the student; return its run folder, which is used, and resumed, as any other.

    Raises:
        InputError: when the teacher is no finished run of flow matching, its data are not found,
            or as :func:`jetgen.training.command.train`.
        TrainingError, UnfinishedError: as :func:`jetgen.training.command.train`.
    """
    folder = named(config.teacher).folder
    taught = folder.read_config()
    if not issubclass(OBJECTIVES[taught.objective], FlowMatching):
        raise InputError(
            f"{folder.path}: expected a run with the objective flow-matching, received one with "
            f"{taught.objective}; only velocities can be distilled"
        )
    begun = folder if config.start is None else named(config.start).folder
    for run in (folder, begun):
        run.load_model()  # refuses an unfinished run before any data are read
    steps = config.teacher_steps or math.ceil(taught.solver_steps / config.steps)
    student = dataclasses.replace(
        taught,
        run=config.run,
        data=list(config.data) or [str(path) for path in folder.data_files()],
        objective="distillation",
        objective_option=[
            f"teacher={folder.best.resolve()}",
            f"teacher_solver={taught.solver}",
            f"teacher_steps={steps}",
            f"start={begun.best.resolve()}",
        ],
        coupling="independent",
        solver="euler",
        solver_steps=config.steps,
        epochs=config.epochs,
        learning_rate=config.learning_rate or taught.learning_rate,
        batch=config.batch,
        time_limit=config.time_limit,
        threads=config.threads,
        device=config.device,
        monitor=config.monitor,
        monitor_every=config.monitor_every,
    )
    return train(student)
