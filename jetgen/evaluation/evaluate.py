"""All metrics of generated jets against real ones, and the files of ``jetgen evaluate``."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from jetgen import __version__
from jetgen.cloud import ParticleCloud
from jetgen.config.evaluate import EvaluateConfig
from jetgen.datasets import read
from jetgen.evaluation.checks import Checked, check
from jetgen.evaluation.classifier import FEWEST, FigureOfMerit, figure_of_merit
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.metric_rows import metric_rows
from jetgen.evaluation.protocol import jetnet_protocol
from jetgen.evaluation.resampling import resample
from jetgen.files import sha256, write_json
from jetgen.physics.substructure import substructure

GENERATED = "generated"


def evaluate_files(config: EvaluateConfig) -> tuple[dict[str, Any], Path]:
    """Evaluate as the options ask; write the JSON file and return its content and path.

    Raises:
        InputError: when a file cannot be read or its jets cannot be compared.
    """
    path = Path(config.output or Path(config.generated).with_suffix(".metrics.json"))
    content: dict[str, Any] = {
        "command": ["jetgen", *sys.argv[1:]],
        "jetgen": __version__,
        "seed": config.seed,
        "mode": "jetnet" if config.jetnet else "disjoint",
    }
    with Console(stderr=True).status("read") as status:
        real = read(config.real, jets=config.jets)
        generated = read(config.generated, jets=config.jets)
        content["files"] = {
            name: {"path": file, "sha256": sha256(file), "jets": len(jets)}
            for name, file, jets in (
                ("real", config.real, real),
                (GENERATED, config.generated, generated),
            )
            if Path(file).is_file()
        }
        if config.jetnet:
            rows, warnings = jetnet_protocol(
                real, generated, seed=config.seed, progress=status.update
            )
            content |= {"rows": rows, "warnings": warnings}
        else:
            content |= _content(
                *evaluate(real, generated, seed=config.seed, progress=status.update)
            )
    write_json(path, content)
    return content, path


def evaluate(
    real: ParticleCloud,
    generated: ParticleCloud,
    *,
    replicas: int = 100,
    seed: int = 42,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[Comparison, FigureOfMerit | None]:
    """Every metric with its uncertainty, floor and verdict, and the trees' figure of merit.

    The table of :func:`jetgen.evaluation.comparison.compare` with rows for W1EFP, FPD, KPD,
    coverage and matching distance. No figure of merit for fewer than 100 jets of each kind.

    Raises:
        InputError: when there are too few usable jets.
    """
    checked = check(real, {GENERATED: generated})
    drawn = resample(checked, replicas=replicas, seed=seed)
    progress("Wasserstein distances")
    table = compare_resampled(drawn)
    progress("energy-flow polynomials, FPD, KPD, COV, MMD")
    rows, warnings = metric_rows(checked, drawn)
    progress("train boosted trees")
    merit = _figure_of_merit(checked, seed, warnings)
    return (
        replace(table, rows=(*table.rows, *rows), warnings=(*table.warnings, *warnings)),
        merit,
    )


def _figure_of_merit(checked: Checked, seed: int, warnings: list[str]) -> FigureOfMerit | None:
    """On every observable that both kinds of jets determine, and their substructure."""
    sides = checked.real, checked.samples[GENERATED]
    if min(map(len, sides)) < FEWEST:
        warnings.append(
            f"classifier: left out, it needs {FEWEST} jets of each kind, there are "
            f"{len(sides[0])} and {len(sides[1])}"
        )
        return None
    real, generated = (side.observables | substructure(side.relative) for side in sides)
    names = [name for name in real if name in generated]
    first, second = (
        torch.stack([columns[name] for name in names], dim=1) for columns in (real, generated)
    )
    return figure_of_merit(first, second, names, seed=seed)


def _content(table: Comparison, merit: FigureOfMerit | None) -> dict[str, Any]:
    rows = []
    for record in table.records():
        value = record.pop("w1")
        metric = record.pop("quantity")
        finite = {
            k: None if isinstance(v, float) and math.isnan(v) else v for k, v in record.items()
        }
        rows.append({"metric": metric, "value": value, **finite})
    return {
        "jets": table.jets,
        "real_jets_of_the_floor": table.pool,
        "replicas": table.replicas,
        "rows": rows,
        "classifier": None if merit is None else merit._asdict(),
        "warnings": list(table.warnings),
    }
