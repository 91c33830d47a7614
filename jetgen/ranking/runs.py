"""The runs of a table: their names, held-out jets, and costs."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jetgen.errors import InputError
from jetgen.runs.data import Data, JetStore
from jetgen.runs.trained_model import TrainedModel, load

Models = Mapping[str, TrainedModel]
"""The runs of a table by their names."""


def named_runs(
    paths: Sequence[str], device: str, data: Data | None = None, **reading: Any
) -> dict[str, TrainedModel]:
    """Trained models by the names of their folders, or by whole paths if two share a name.

    Args:
        paths: the folders.
        device: where to generate.
        data: what all runs were trained on, where that is not found without being named.
        reading: ``map`` and ``allow`` of :func:`~jetgen.runs.trained_model.load`.

    Raises:
        InputError: when a folder has no finished run, or is named twice.
    """
    folders = {path: Path(path).resolve() for path in paths}
    if len(set(folders.values())) < len(paths):
        raise InputError(f"runs: expected each run once, received {' '.join(paths)}")
    names = Counter(folder.name for folder in folders.values())
    store = JetStore()
    called = {path: f.name if names[f.name] == 1 else path for path, f in folders.items()}
    return {called[path]: load(path, device, store=store, data=data, **reading) for path in folders}


def finished_runs(
    folder: Path, device: str, data: Data | None = None, **reading: Any
) -> tuple[dict[str, TrainedModel], list[tuple[str, str]]]:
    """Finished runs below a folder by their relative paths, and the reasons for omitting others.

    Runs whose held-out jets differ from those of most runs are omitted. The arguments are those of
    :func:`named_runs`.

    Raises:
        InputError: when there is no finished run.
    """
    models: dict[str, TrainedModel] = {}
    store = JetStore()
    others: list[tuple[str, str]] = []
    for file in sorted(folder.rglob("config.yaml")):
        name = str(file.parent.relative_to(folder))
        try:
            models[name] = load(file.parent, device, store=store, data=data, **reading)
        except InputError as error:
            others.append((name, str(error)))
    if not models:
        why = "; `jetgen.train(run=FOLDER)` makes one"
        if others:
            why = f" and {len(others)} that cannot be used, first {': '.join(others[0])}"
        raise InputError(f"{folder}: expected finished runs below this folder, found none{why}")
    jets = {name: json.dumps(held_out_by(model)) for name, model in models.items()}
    common = Counter(jets.values()).most_common(1)[0][0]
    others += [
        (n, "its held-out jets differ from those of most runs here")
        for n in jets
        if jets[n] != common
    ]
    return {name: model for name, model in models.items() if jets[name] == common}, others


def held_out_by(model: TrainedModel) -> dict[str, Any]:
    """The options that define a run's held-out jets, with the hashes of the files."""
    config = model.config
    chosen = ("columns", "condition", "target", "select", "drop_missing", "classes")
    by_name = chosen if config.kind.features_by_name else ()
    return {
        "data": [place.sha256 for place in model.folder.places()],
        "jet_type": config.jet_type,
        "jets": config.jets,
        "particles": config.particles,
        "weighted": bool(config.weighted),
        "seed": config.seed,
        **{name: getattr(config, name) for name in by_name},
    }


def require_same_jets(models: Models) -> None:
    """Refuse runs whose test jets differ from those of the first.

    Raises:
        InputError: naming the run, and the difference.
    """
    first, *rest = models
    wanted = held_out_by(models[first])
    for name in rest:
        found = held_out_by(models[name])
        for key in wanted:
            if found.get(key) != wanted[key]:
                raise InputError(
                    f"{name}: expected a run with the same held-out jets as {first}, received "
                    f"{key} {found.get(key)} in place of {wanted[key]}; compare runs with the same "
                    f"{', '.join(wanted)}"
                )


def costs(model: TrainedModel) -> dict[str, float]:
    """Parameters, minutes of training, and jets per second (median epoch of the first stage)."""
    rows = model.folder.read_metrics()
    rates = [float(row["jets_per_second"]) for row in rows if row["stage"] == rows[0]["stage"]]
    return {
        "parameters": sum(parameter.numel() for parameter in model.model.parameters()),
        "training_minutes": float(rows[-1]["seconds"]) / 60,
        "training_jets_per_second": statistics.median(rates),
    }
