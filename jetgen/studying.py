"""What ``jetgen study`` does: run a study's steps, and write what follows from them."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

from jetgen.config.study import StudyConfig
from jetgen.studies.definition import define, find
from jetgen.studies.page import write_study
from jetgen.studies.running import run_steps


def study(config: StudyConfig) -> Path:
    """Repeat a study; return the path of its page.

    Raises:
        InputError: when there is no such study, or a step of it fails.
    """
    definition = find(config.study)
    name = definition.resolve().name
    folder = Path(config.output or f"runs/studies/{name}{'-quick' if config.quick else ''}")
    plan = define(definition, folder, quick=config.quick)
    module = importlib.import_module(f"jetgen.studies.{name.replace('-', '_')}")
    start = time.perf_counter()
    run_steps(plan, config.workers)
    conclusion = module.conclude(folder, plan.settings)
    return write_study(
        plan,
        conclusion,
        command=["jetgen", *sys.argv[1:]],
        minutes=(time.perf_counter() - start) / 60,
    )
