"""The folder of a training run: which file is where, and how each is read and written."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml

from jetgen.config.option import foreign_components
from jetgen.config.received import received
from jetgen.config.train import TrainConfig
from jetgen.datasets.detection import Paths
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.files.option_files import read_yaml
from jetgen.files.versions import CONFIG_FORMAT, VERSION_KEY, check_version
from jetgen.files.whole import write_json, write_text
from jetgen.registry import Origin
from jetgen.runs.health import UNFINISHED, read_health
from jetgen.runs.places import Place, located, noted, places, written

LIBRARIES = (
    "jetgen",
    "torch",
    "numpy",
    "lightning-fabric",
    "zuko",
    "awkward",
    "h5py",
    "POT",
    "geomloss",
)


class RunFolder:
    """Paths and plain files of one run.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    config_file = property(lambda self: self.path / "config.yaml")
    metrics_file = property(lambda self: self.path / "metrics.csv")
    health_file = property(lambda self: self.path / "health.json")
    environment_file = property(lambda self: self.path / "environment.json")
    generated_file = property(lambda self: self.path / "generated.h5")
    report_folder = property(lambda self: self.path / "report")
    last = property(lambda self: self.path / "checkpoints" / "last.safetensors")
    best = property(lambda self: self.path / "checkpoints" / "best.safetensors")

    def exists(self) -> bool:
        return self.config_file.exists()

    def write_config(self, config: TrainConfig) -> None:
        content = {VERSION_KEY: CONFIG_FORMAT, **dataclasses.asdict(config)}
        write_text(self.config_file, yaml.safe_dump(content, sort_keys=False))

    def read_config(self) -> TrainConfig:
        """The options the run was trained with.

        Raises:
            InputError: when the folder holds no run, or its configuration is not one, or that of
                a newer jetgen.
        """
        if not self.exists():
            raise InputError(
                f"{self.path}: expected the folder of a run (with config.yaml), found none; "
                "`jetgen.train(run=FOLDER)` makes one"
            )
        try:
            content = dict(read_yaml(self.config_file))
            check_version(self.config_file, content.pop(VERSION_KEY, 1), CONFIG_FORMAT)
            content.setdefault("first", True)  # as runs were before there was a choice
            return received(TrainConfig, content, str(self.config_file), self._origins())
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{self.config_file}: expected the options of jetgen train; {error}"
            ) from error

    def _origins(self) -> dict[str, str]:
        """The package and version of each component of another package, as the run noted them."""
        if not self.environment_file.exists():
            return {}
        noted = self.read_environment().get("components", [])
        return {entry["name"]: str(Origin(entry["package"], entry["version"])) for entry in noted}

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """One row per epoch; missing values are empty."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.metrics_file, text.getvalue())

    def read_metrics(self) -> list[dict[str, str]]:
        with self.metrics_file.open(encoding="utf-8", newline="") as handle:
            return [
                {name: value for name, value in row.items() if value != ""}
                for row in csv.DictReader(handle)
            ]

    def write_environment(
        self,
        config: TrainConfig,
        device: str,
        split: Mapping[str, int],
        events: Mapping[str, float],
        content: str | None = None,
    ) -> None:
        """Versions, device, threads, seed, revision and data files, for whoever repeats the run.

        Args:
            config: the options.
            device: where it is trained.
            split: the sizes of the training, validation and test sets.
            events: the number and the total weight of all of them.
            content: SHA-256 of sets that were passed from Python.
        """
        write_json(
            self.environment_file,
            {
                "command": ["jetgen", *sys.argv[1:]],
                "python": platform.python_version(),
                "platform": platform.platform(),
                "libraries": {name: _version(name) for name in LIBRARIES},
                "components": foreign_components(config),
                "device": device,
                "threads": torch.get_num_threads(),
                "seed": config.seed,
                "git_revision": _git_revision(),
                **(
                    {"data": dict.fromkeys(config.data, content)}
                    if content
                    else written(places(config.data, self.path))
                ),
                "split": {"seed": config.seed, **split},
                "events": dict(events),
            },
        )

    def read_environment(self) -> dict[str, Any]:
        """What :meth:`write_environment` wrote.

        Raises:
            InputError: when it is something else.
            OSError: when it is not there.
        """
        try:
            content = json.loads(self.environment_file.read_text(encoding="utf-8"))
            if all(isinstance(content[name], dict) for name in ("data", "libraries")):
                return dict(content)
        except (ValueError, TypeError, KeyError):
            pass  # as below
        raise self._odd_environment()

    def _odd_environment(self) -> InputError:
        return InputError(
            f"{self.environment_file}: expected what jetgen train notes of a run, found something "
            "else; train again"
        )

    def threads(self) -> int | None:
        """CPU threads of the training; ``None`` where it noted none, as in jetgen 0.1.0."""
        if not self.environment_file.exists():
            return None
        return self.read_environment().get("threads")

    def places(self) -> list[Place]:
        """The files that the run was trained on, as its ``environment.json`` notes them.

        Raises:
            InputError, OSError: as :meth:`read_environment`.
        """
        try:
            return noted(self.read_environment())
        except (KeyError, TypeError) as error:
            raise self._odd_environment() from error

    def data_files(self, given: Paths = ()) -> list[Path]:
        """The files that the run was trained on, where they are now.

        Args:
            given: files, folders or patterns to look among first.

        Raises:
            InputError: as :func:`~jetgen.runs.places.located`.
        """
        return located(self.places(), self.path, given)

    def is_finished(self) -> bool:
        """Whether training has come to its end."""
        return self.best.exists() and bool(Checkpoint.load(self.best).state["finished"])

    def load_model(self) -> Checkpoint:
        """The finished model.

        Raises:
            InputError: when training has not come to its end, or the file cannot be read.
        """
        self.read_config()
        checkpoint = Checkpoint.load(self.best) if self.best.exists() else None
        if checkpoint is None or not checkpoint.state["finished"]:
            unfinished = [str(f) for f in read_health(self.health_file) if f.kind == UNFINISHED]
            raise InputError(
                f"{self.path}: expected a finished training, found an interrupted one"
                f"{f' ({unfinished[0]})' if unfinished else ''}; "
                f"`jetgen.train(run={str(self.path)!r}, resume=True)` goes on with it"
            )
        return checkpoint


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """Revision of the source tree that runs, where it is one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
