"""The runs of a table: which jets they hold out, what they cost, under which names they stand."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jetgen.errors import InputError
from jetgen.runs.data import JetStore
from jetgen.runs.trained_model import TrainedModel, load

Models = Mapping[str, TrainedModel]
"""The runs of a table by their names."""


def named_runs(paths: Sequence[str], device: str) -> dict[str, TrainedModel]:
    """Trained models by the names of their folders; by the whole path where two share one.

    Raises:
        InputError: when a folder holds no finished run or none of jets, or is named twice.
    """
    folders = {path: Path(path).resolve() for path in paths}
    if len(set(folders.values())) < len(paths):
        raise InputError(f"runs: expected every run once, received {' '.join(paths)}")
    names = Counter(folder.name for folder in folders.values())
    store = JetStore()
    return {
        folder.name if names[folder.name] == 1 else path: _ranked(path, device, store)
        for path, folder in folders.items()
    }


def _ranked(path: str | Path, device: str, store: JetStore) -> TrainedModel:
    """A trained model of jets, whose metrics the table has."""
    model = load(path, device, store=store)
    if not model.config.kind.ranked:
        raise InputError(
            f"{path}: expected a run trained on jets, whose metrics the table has, received one on "
            f"named features; `jetgen.report({str(path)!r})` and `jetgen.evaluate` compare those"
        )
    return model


def finished_runs(
    folder: Path, device: str
) -> tuple[dict[str, TrainedModel], list[tuple[str, str]]]:
    """Finished runs below a folder by their paths in it, and why others there are left out.

    Runs that hold out other jets than most are among the others.

    Raises:
        InputError: when there is no finished run.
    """
    models: dict[str, TrainedModel] = {}
    store = JetStore()
    others: list[tuple[str, str]] = []
    for file in sorted(folder.rglob("config.yaml")):
        name = str(file.parent.relative_to(folder))
        try:
            models[name] = _ranked(file.parent, device, store)
        except InputError as error:
            others.append((name, str(error)))
    if not models:
        raise InputError(
            f"{folder}: expected finished runs below this folder, found none, and {len(others)} "
            "that are not finished; `jetgen.train(run=FOLDER)` makes one"
        )
    jets = {name: json.dumps(held_out_by(model)) for name, model in models.items()}
    common = Counter(jets.values()).most_common(1)[0][0]
    others += [
        (n, "it holds out other jets than most runs here") for n in jets if jets[n] != common
    ]
    return {name: model for name, model in models.items() if jets[name] == common}, others


def held_out_by(model: TrainedModel) -> dict[str, Any]:
    """What decides which jets a run holds out: files by hash, and how they are read and split."""
    config = model.config
    return {
        "data": list(model.environment["data"].values()),
        "jet_type": config.jet_type,
        "jets": config.jets,
        "particles": config.particles,
        "seed": config.seed,
    }


def require_same_jets(models: Models) -> None:
    """Refuse runs whose test jets are not those of the first.

    Raises:
        InputError: naming the run, and what differs.
    """
    first, *rest = models
    wanted = held_out_by(models[first])
    for name in rest:
        found = held_out_by(models[name])
        for key in wanted:
            if found[key] != wanted[key]:
                raise InputError(
                    f"{name}: expected a run that holds out the same jets as {first}, received "
                    f"{key} {found[key]} in place of {wanted[key]}; compare runs with the same "
                    "data, jets, jet_type, particles and seed"
                )


def costs(model: TrainedModel) -> dict[str, float]:
    """Parameters, minutes of training, and jets a second in the median epoch of its first stage."""
    rows = model.folder.read_metrics()
    rates = [float(row["jets_per_second"]) for row in rows if row["stage"] == rows[0]["stage"]]
    return {
        "parameters": sum(parameter.numel() for parameter in model.model.parameters()),
        "training_minutes": float(rows[-1]["seconds"]) / 60,
        "training_jets_per_second": statistics.median(rates),
    }
