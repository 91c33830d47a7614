"""The metrics of each sample, stored with the table so that they are computed once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from jetgen.classifiers.figure_of_merit import FigureOfMerit, auc_standard_error
from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.evaluation.checks import check
from jetgen.evaluation.command import metric_records
from jetgen.evaluation.comparison import Distance
from jetgen.files.lock import locked
from jetgen.files.whole import remove_dead, write_json
from jetgen.kinds import JETS, Kind
from jetgen.ranking.samples import Sample

Record = dict[str, Any]
"""A metric of a sample: ``metric``, ``value``, ``uncertainty``, ``floor`` and so on."""


DIGEST = "sha256"
"""Name of the checksum of all else in the file of a row."""

TOGETHER = 6
"""Rows that a process measures at a time, with one floor; other processes take the next ones."""


class Scored(NamedTuple):
    """The records of each sample by its name, and warnings for the reader."""

    records: dict[str, list[Record]]
    warnings: list[str]


def score(
    samples: Sequence[Sample],
    real: ParticleCloud,
    training: ParticleCloud,
    *,
    folder: Path,
    seed: int,
    progress: Callable[[str], None] = lambda text: None,
    kind: Kind = JETS,
) -> Scored:
    """The metrics of the samples.

    Generated and trivial samples get every metric, reconstructions the Wasserstein distances and
    those of their ``kind``, all with the same real jets and the same floor. A sample with a result
    in ``folder`` under its :attr:`Sample.key` is not measured again; the others are measured and
    stored there. Several processes share the work: each takes rows that no other has taken, and
    waits for the rest.

    Raises:
        InputError: when jets cannot be compared.
    """
    files = {sample.name: score_file(folder, sample) for sample in samples}
    while missing := [sample for sample in samples if not files[sample.name].exists()]:
        with ExitStack() as held:
            own = list(_taken(missing, files, held))
            if own:
                _measure(own, files, real, training, seed, progress, kind)
        if not own:
            progress("wait for the rows of another process")
            with locked(_row(files[missing[0].name]), wait=True):
                pass
    remove_dead(folder)
    kept = {name: stored(file) for name, file in files.items()}
    warned = dict.fromkeys(text for content in kept.values() for text in content["warnings"])
    return Scored({name: content["records"] for name, content in kept.items()}, list(warned))


def score_file(folder: Path, sample: Sample) -> Path:
    """Where the metrics of a row are stored."""
    return folder / f"{sample.key}.json"


def _taken(
    missing: Sequence[Sample], files: Mapping[str, Path], held: ExitStack
) -> Iterator[Sample]:
    """At most :data:`TOGETHER` missing rows, which no other process measures while held."""
    taken = 0
    for sample in missing:
        if taken == TOGETHER:
            return
        try:
            held.enter_context(locked(_row(files[sample.name])))
        except InputError:
            continue  # another process measures it
        if not files[sample.name].exists():
            taken += 1
            yield sample


def _row(file: Path) -> Path:
    """What a process locks while it measures a row; the file has a lock of its own."""
    return file.with_suffix("")


def _measure(
    missing: Sequence[Sample],
    files: Mapping[str, Path],
    real: ParticleCloud,
    training: ParticleCloud,
    seed: int,
    progress: Callable[[str], None],
    kind: Kind,
) -> None:
    """Measure rows together, and store them."""
    found: dict[str, list[Record]] = {}
    warnings: list[str] = []
    made: dict[str, ParticleCloud] = {}
    decoded: dict[str, ParticleCloud] = {}
    for sample in missing:
        progress(f"generate {sample.name}")
        start = time.perf_counter()
        jets = sample.make()
        seconds = time.perf_counter() - start
        facts = dict(sample.facts)
        if sample.kind == "generated":
            facts["generation_jets_per_second"] = len(jets) / seconds
        found[sample.name] = [{"metric": name, "value": value} for name, value in facts.items()]
        (decoded if sample.kind == "reconstructed" else made)[sample.name] = jets
    if made:
        checked = check(real, made, training, kind)
        table, merits = kind.assess(checked, seed=seed, progress=progress)
        _sort_in(found, metric_records(table))
        warnings += table.warnings
        for name, classifiers in merits.items():
            found[name] += [_merit_record(merit) for merit in classifiers.values()]
    if decoded:
        progress("reconstructions")
        table = kind.distances(check(real, decoded, training, kind), seed=seed)
        _sort_in(found, metric_records(table))
        for name, records in kind.reconstruction_records(real, decoded).items():
            found[name] += records
        warnings += table.warnings
    for sample in missing:
        others = tuple(f"{name}: " for name in found if name != sample.name)
        content = {
            "origin": dict(sample.origin),
            "records": found[sample.name],
            "warnings": [warning for warning in warnings if not warning.startswith(others)],
        }
        store(files[sample.name], content)


def store(file: Path, content: Mapping[str, Any]) -> None:
    """Write what was measured of a row."""
    write_json(file, {**content, DIGEST: _digest(content)})


def stored(file: Path) -> dict[str, Any]:
    """What :func:`store` wrote of a row.

    Raises:
        InputError: when the file has been changed since.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content.pop(DIGEST) == _digest(content):
            return content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # as below
    raise InputError(
        f"{file}: expected the metrics of a row as they were stored, found a damaged file; remove "
        "it, and they are measured again"
    )


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sort_in(found: dict[str, list[Record]], records: Sequence[Record]) -> None:
    for record in records:
        kept = {key: value for key, value in record.items() if key != "sample"}
        found[record["sample"]].append(kept)


def _merit_record(merit: FigureOfMerit) -> Record:
    """The AUC of the trees, with the floor 0.5 and its standard error."""
    tested = merit.jets - merit.jets // 2
    spread = auc_standard_error(0.5, tested, tested)
    distance = Distance(merit.auc, merit.auc_error, (merit.auc - 0.5) / spread)
    return {
        "metric": "auc",
        "title": "area under the ROC curve of boosted trees",
        "value": distance.value,
        "uncertainty": distance.uncertainty,
        "floor": 0.5,
        "floor_spread": spread,
        "spreads_above_floor": distance.spreads,
        "verdict": distance.verdict,
        "unit": "",
        "scale": 1.0,
        "printed_unit": "",
        "jets": merit.jets,
    }
