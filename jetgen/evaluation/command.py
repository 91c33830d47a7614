"""All metrics of generated jets against real ones, and the files of ``jetgen evaluate``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import Any, Literal

from jetgen import __version__
from jetgen.classifiers.boosted_trees import feature_table, figure_of_merit
from jetgen.classifiers.figure_of_merit import FEWEST_TESTED, FigureOfMerit, keys_of_sets
from jetgen.classifiers.fpnd import fpnd, published_type
from jetgen.classifiers.particle_classifier import particle_figure_of_merit
from jetgen.classifiers.published_reference import PublishedReference
from jetgen.classifiers.reference_files import FoundReference, find_reference
from jetgen.cloud import ParticleCloud
from jetgen.components import METRICS
from jetgen.config.evaluate import Classifier, EvaluateConfig
from jetgen.config.option import refuse
from jetgen.config.reading import file_options, generated_options
from jetgen.datasets import read
from jetgen.datasets.choosing import drawn_rows
from jetgen.datasets.detection import map_of, sha256_of
from jetgen.errors import InputError
from jetgen.evaluation.checks import (
    RECONSTRUCTED,
    ComparisonInput,
    Sample,
    check,
    measured_sample,
)
from jetgen.evaluation.columns import evaluate_columns
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.completing import complete_jets
from jetgen.evaluation.memorised import memorisation_records
from jetgen.evaluation.metric_rows import fpnd_row, metric_rows
from jetgen.evaluation.protocol import jetnet_protocol
from jetgen.evaluation.resampling import resample
from jetgen.evaluation.verdict import counted, headlines
from jetgen.files.own import require_own
from jetgen.files.progress import named_steps
from jetgen.files.whole import write_json
from jetgen.kinds import ENTRIES, kind_of_cloud
from jetgen.memory import release_memory
from jetgen.metrics.memorisation import memorisation
from jetgen.physics.substructure import with_substructure

REAL, GENERATED = "real", "generated"


def evaluate_files(config: EvaluateConfig) -> tuple[dict[str, Any], Path]:
    """Evaluate with these options; write the JSON file and return its content and path.

    Raises:
        InputError: when a file cannot be read or its jets cannot be compared.
    """
    path = _beside(config.output, config.generated, ".metrics.json")
    require_own_result(path)
    content = evaluated(config)
    write_json(path, content)
    return content, path


def require_own_result(path: Path) -> None:
    """Refuse a file that exists and is not the result of an evaluation.

    Raises:
        InputError: for such a file.
    """
    require_own(path.parent, [path.name], own=_is_result(path))


def _is_result(path: Path) -> bool:
    try:
        return {"jetgen", "rows"} <= json.loads(path.read_text(encoding="utf-8")).keys()
    except (OSError, ValueError, AttributeError):
        return False


def _beside(output: str | None, source: str, suffix: str) -> Path:
    """The file to write: that of the option, or the file that is read with another suffix."""
    if output is None and not Path(source).exists() and has_magic(source):
        raise InputError(f"output: expected a file to write for the pattern {source}, found none")
    return Path(output or Path(source).with_suffix(suffix))


def evaluated(
    config: EvaluateConfig,
    real: ParticleCloud | None = None,
    generated: ParticleCloud | None = None,
) -> dict[str, Any]:
    """The content of that file, for the jets passed or else the files that the options name.

    Raises:
        InputError: as :func:`evaluate_files`.
    """
    content: dict[str, Any] = {
        "command": ["jetgen", *sys.argv[1:]],
        "jetgen": __version__,
        "seed": config.seed,
        "components": [
            note
            for name in dict.fromkeys((*METRICS, *config.metric))
            if (note := METRICS.note(name)) is not None
        ],
        "mode": "jetnet" if config.jetnet else "disjoint",
        "reference_name": config.reference_name,
    }
    with named_steps("read") as step:
        files = {
            name: file
            for name, file, passed in (
                (REAL, config.real, real),
                (GENERATED, config.generated, generated),
            )
            if passed is None
        }
        seed = None if config.first else config.seed
        clouds = {
            REAL: read(config.real, **file_options(config))
            if real is None
            else real[drawn_rows(len(real), config.jets, seed)],
            GENERATED: read(
                config.generated,
                **generated_options(config, map_of(config.generated, config.map)),
            )
            if generated is None
            else generated[drawn_rows(len(generated), config.jets, seed)],
        }
        number = {name: len(cloud) for name, cloud in clouds.items()}
        content["files"] = {
            name: {"path": file, "sha256": sha256_of(file), "jets": number[name]}
            for name, file in files.items()
        }
        kind = kind_of_cloud(clouds[REAL])
        content["noun"] = kind.noun.many
        refuse(config, kind.refused)
        content |= kind.evaluate(clouds, config, step)
    return content


def evaluate_jets(
    clouds: dict[str, ParticleCloud], config: EvaluateConfig, progress: Callable[[str], None]
) -> dict[str, Any]:
    """The content for jets: all metrics, or those of the protocol of the JetNet library.

    The clouds are taken out of their dictionary when they are measured, so that their memory is
    free for the metrics.
    """
    reference = find_reference(config, clouds[REAL], progress)
    record = {"reference": None if reference is None else reference.record}
    if config.jetnet:
        jet_type = None if reference is None else published_type(clouds[REAL])
        rows, warnings = jetnet_protocol(
            clouds[REAL], clouds[GENERATED], seed=config.seed, progress=progress
        )
        if jet_type is not None:
            value = fpnd(clouds[GENERATED], jet_type, PublishedReference())
            rows.append({"metric": "fpnd", "value": value, "spread": None})
        return record | {"rows": rows, "warnings": warnings}
    kept = dict(clouds) if config.training is not None else {}
    progress("measure")
    table, merits = evaluate(
        measured_sample(clouds.pop(REAL), config.reference_name),
        measured_sample(clouds.pop(GENERATED), GENERATED),
        reference=reference,
        reference_name=config.reference_name,
        classifiers=config.classifiers,
        features=config.features,
        seed=config.seed,
        metrics=config.metric,
        dask=config.dask,
        progress=progress,
    )
    content = record | _content(table, merits)
    if config.training is not None:
        progress("nearest training jets")
        training = read(
            config.training, map=map_of(config.training, config.map), allow=config.allow
        )
        found = memorisation(kept[GENERATED], kept[REAL], training, seed=config.seed)
        content["memorisation"] = memorisation_records({GENERATED: found})
    return content


def evaluate_entries(
    clouds: dict[str, ParticleCloud], config: EvaluateConfig, progress: Callable[[str], None]
) -> dict[str, Any]:
    """The content for sets with named features: W1 of columns, their pairs, boosted trees."""
    samples = {GENERATED: clouds[GENERATED]}
    checked = check(clouds[REAL], samples, kind=ENTRIES, reference=config.reference_name)
    table, merits = evaluate_columns(
        checked,
        classifiers=config.classifiers,
        features=config.features,
        seed=config.seed,
        metrics=config.metric,
        progress=progress,
    )
    return _content(table, merits[GENERATED]) | {"reference": None}


def evaluate(
    real: Sample,
    generated: Sample,
    *,
    reference: FoundReference | None = None,
    reference_name: str = "simulated",
    progress: Callable[[str], None] = lambda text: None,
    **options: Any,
) -> tuple[Comparison, dict[str, FigureOfMerit]]:
    """Every metric with its uncertainty, floor and verdict, and each classifier's figures.

    The table of :func:`jetgen.evaluation.comparison.compare` with rows for the substructure,
    pairs of observables, W1EFP, FPD, KPD, coverage and matching distance. No figures for fewer
    than ``FEWEST_TESTED`` jets of each kind.

    Args:
        real, generated: jets in any representation, or measured.
        reference: network for FPND, and real jets that it was not trained on.
        reference_name: the name of the real jets in texts.
        progress: called with the name of each step before it starts.
        options: the others of :func:`evaluate_checked`.

    Raises:
        InputError: when there are too few usable jets.
    """
    checked = check(real, {GENERATED: generated}, reference=reference_name)
    table, merits = evaluate_checked(checked, progress=progress, **options)
    if reference is not None:
        progress("FPND")
        table = _with_fpnd(table, reference, generated)
    return table, merits[GENERATED]


def _with_fpnd(table: Comparison, reference: FoundReference, generated: Sample) -> Comparison:
    """The table with a row for FPND, or with a warning if there are too few jets for it."""
    fresh = resample(
        check(reference.held_out, {GENERATED: generated}), replicas=table.replicas, seed=table.seed
    )
    row = fpnd_row(fresh, reference.activations)
    if row is not None:
        return replace(table, rows=(*table.rows, row))
    warning = (
        f"FPND: omitted, it needs more jets per side than the network has activations, there are "
        f"{fresh.size}"
    )
    return replace(table, warnings=(*table.warnings, warning))


def evaluate_checked(
    checked: ComparisonInput,
    *,
    classifiers: Sequence[Classifier] = ("trees",),
    features: Literal["observables", "flat"] = "observables",
    replicas: int = 100,
    seed: int = 42,
    metrics: tuple[str, ...] = (),
    dask: str | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[Comparison, dict[str, dict[str, FigureOfMerit]]]:
    """:func:`evaluate` for any number of samples, with the classifiers of each by their names.

    All samples share the floor. The result for one does not depend on the others, provided that
    all have the same number of jets.

    Args:
        checked: the jets.
        classifiers: names among ``trees``, ``particlenet`` and ``transformer``.
        features: input of the trees.
        replicas: number of bootstrap resamplings, and of splits for the floor.
        seed: of all random numbers.
        metrics: further metrics, as ``package.module:Name``; those of installed packages are
            always computed.
        dask: cluster that measures substructure and polynomials, as
            :func:`jetgen.datasets.dask_cluster.by_dask` takes it.
        progress: called with the name of each step before it starts.
    """
    progress("N-subjettiness, soft drop, energy-flow polynomials")
    checked = complete_jets(checked, dask)
    drawn = resample(checked, replicas=replicas, seed=seed)
    drawn = replace(drawn, pool=with_substructure(drawn.pool))
    table = compare_resampled(drawn, progress=progress)
    rows, warnings = metric_rows(drawn, metrics, progress)
    del drawn
    release_memory()
    found: dict[str, dict[str, FigureOfMerit]] = {sample: {} for sample in checked.samples}
    for sample, merits in found.items():
        sides = checked.real, checked.samples[sample]
        if sample == RECONSTRUCTED:
            continue
        if classifiers and min(side.counted for side in sides) < FEWEST_TESTED:
            continue  # the verdict says so
        for name in classifiers:
            progress(f"train {name}")
            if name == "trees":
                merits[name] = figure_of_merit(
                    *feature_table(*sides, features),
                    seed=seed,
                    weights=(sides[0].weights, sides[1].weights),
                    keys=keys_of_sets(*sides),
                )
            else:
                merits[name] = particle_figure_of_merit(*sides, name, seed=seed, progress=progress)
    return (
        replace(table, rows=(*table.rows, *rows), warnings=(*table.warnings, *warnings)),
        found,
    )


def metric_records(table: Comparison) -> list[dict[str, Any]]:
    """One flat record per metric and sample, with ``None`` for values that are not finite."""
    rows = []
    for record in table.records():
        value = record.pop("w1")
        metric = record.pop("quantity")
        finite = {
            k: None if isinstance(v, float) and math.isnan(v) else v for k, v in record.items()
        }
        rows.append({"metric": metric, "value": value, **finite})
    return rows


def _content(table: Comparison, merits: dict[str, FigureOfMerit]) -> dict[str, Any]:
    verdicts = headlines(table, {GENERATED: merits})
    return {
        "jets": table.jets,
        "compared": table.compared,
        "headlines": {sample: verdict._asdict() for sample, verdict in verdicts.items()},
        "counted": [row.quantity.name for row in counted(table)],
        "real_jets_of_the_floor": table.pool,
        "replicas": table.replicas,
        "rows": metric_records(table),
        "classifiers": {name: merit._asdict() for name, merit in merits.items()},
        "warnings": list(table.warnings),
    }
