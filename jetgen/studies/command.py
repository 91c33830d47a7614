"""``jetgen study``: run the steps of a study, and write a page of its results."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

from jetgen.config.study import StudyConfig
from jetgen.files.terminal import Terminal
from jetgen.reports.findings_page import write_findings
from jetgen.studies.definition import Study, define, find
from jetgen.studies.running import run_steps


def study(config: StudyConfig) -> Path:
    """Run a study; return the path of its page.

    Raises:
        InputError: when there is no such study, or a step of it fails.
    """
    definition = find(config.study)
    name = definition.resolve().name
    folder = Path(config.output or f"runs/studies/{name}{'-quick' if config.quick else ''}")
    plan = define(definition, folder, quick=config.quick, changed=config.changed())
    module = importlib.import_module(f"jetgen.studies.{_module_of(plan)}")
    start = time.perf_counter()
    run_steps(plan, config.workers, config.dask)
    Terminal(stderr=True).print("all steps are done; measure what they made", soft_wrap=True)
    conclusion = module.conclude(plan)
    return write_findings(
        folder,
        conclusion,
        title=plan.title,
        question=plan.question,
        source=plan.source,
        facts={
            "Command": [" ".join(["jetgen", *sys.argv[1:]])],
            "Settings": [
                f"{name}: {value}" for name, value in {**plan.settings, **plan.given}.items()
            ],
            "Steps": [" ".join(["jetgen", *step.words]) for step in plan.steps],
            "Minutes (without steps that were done before)": [
                f"{(time.perf_counter() - start) / 60:.1f}"
            ],
        },
    )


def _module_of(plan: Study) -> str:
    """The module that concludes a study: its own if it comes with jetgen, else without claims."""
    return plan.name.replace("-", "_") if plan.shipped else "measurements"
