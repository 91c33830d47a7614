"""The folder of a training run: which file is where, and how each is read and written."""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml

from jetgen.config.option import foreign_components, require
from jetgen.config.received import received
from jetgen.config.train import TrainConfig
from jetgen.datasets.detection import Paths
from jetgen.errors import InputError, some
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

_TRAINED = re.compile(
    r"(config\.yaml|metrics\.csv|(health|environment)\.json|(tensorboard|wandb)/.*"
    r"|checkpoints/(last|best|epoch-\d+)\.safetensors|(checkpoints/)?\.[^/]*\.partial)",
    re.DOTALL,
)
"""What a training writes into its folder, whole or in part."""


def _complete(options: dict[str, Any]) -> None:
    """Give the options of an older run the names that they have now, or the value they had then."""
    options.setdefault("first", True)
    if "optimiser" in options:
        return
    options["optimiser"] = "adam"
    own = list(options.get("objective_option", []))
    for text in own:
        name, _, value = str(text).partition("=")
        if name == "optimiser":  # of a GAN
            options["optimiser"] = value
            options["objective_option"] = [other for other in own if other is not text]


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

    def kept(self, epoch: int) -> Path:
        """The checkpoint of an epoch, as ``keep_every`` keeps it."""
        return self.best.with_name(f"epoch-{epoch:05}.safetensors")

    def kept_epochs(self) -> list[int]:
        """The epochs whose weights ``keep_every`` has kept."""
        return sorted(int(path.stem[6:]) for path in self.best.parent.glob("epoch-*.safetensors"))

    def exists(self) -> bool:
        return self.config_file.exists()

    @staticmethod
    def is_of_training(name: str) -> bool:
        """Whether a path in the folder of a run is one that a training writes."""
        return _TRAINED.fullmatch(name) is not None

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
            _complete(content)
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
        """What :meth:`write_metrics` wrote: values by name, numbers in all columns but ``stage``.

        Raises:
            InputError: when it is something else.
            OSError: when it is not there.
        """
        try:
            with self.metrics_file.open(encoding="utf-8", newline="") as handle:
                rows = list(csv.DictReader(handle))
            for row in rows:
                for name in _ALWAYS:
                    row[name]
                for name, value in row.items():
                    if name != "stage" and value != "":
                        float(value)
        except (ValueError, TypeError, KeyError, csv.Error) as error:
            raise InputError(
                f"{self.metrics_file}: expected the metrics of a training, a row of numbers per "
                f"epoch, found something else ({error}); restore the file, or train again"
            ) from error
        return [{name: value for name, value in row.items() if value != ""} for row in rows]

    def write_environment(
        self,
        config: TrainConfig,
        device: str,
        split: Mapping[str, int],
        events: Mapping[str, float],
        content: str | None = None,
    ) -> None:
        """Versions, device, threads, seed, revision and data files, which repeat the run.

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
                "split": {"seed": config.seed, **split, "copies_together": True},
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
            if _is_environment(content):
                return dict(content)
        except (ValueError, RecursionError):
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

    def keeps_copies_together(self) -> bool:
        """Whether its split has all copies of a jet in one set, unlike those of jetgen 0.2."""
        return bool(self.read_environment().get("split", {}).get("copies_together"))

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

    def load_epoch(self, epoch: int) -> Checkpoint:
        """The model after an epoch of the first stage.

        Raises:
            InputError: when the weights of this epoch were not kept.
        """
        epochs = [str(kept) for kept in self.kept_epochs()]
        require(
            str(epoch) in epochs,
            "epoch",
            f"an epoch that keep_every has kept ({some(epochs)})",
            epoch,
        )
        return Checkpoint.load(self.kept(epoch))


_ALWAYS = ("stage", "epoch", "jets_per_second", "seconds")
"""Columns that all ``metrics.csv`` have."""

_PARTS: dict[str, Any] = {
    "command": list,
    "data": dict,
    "libraries": dict,
    "components": list,
    "files": list,
    "split": dict,
    "events": dict,
    "threads": int | None,
}
"""The parts of ``environment.json`` that are used, and their types."""


def _is_environment(content: Any) -> bool:
    """Whether it has the form of what :meth:`RunFolder.write_environment` writes."""
    if not isinstance(content, dict) or not {"command", "data", "libraries"} <= content.keys():
        return False
    if not all(isinstance(content[name], _PARTS[name]) for name in _PARTS.keys() & content.keys()):
        return False
    texts = [*content["command"], *content["data"].values()]
    for entry in content.get("components", []):
        if not isinstance(entry, dict) or not {"name", "package", "version"} <= entry.keys():
            return False
        texts.append(entry["name"])
    numbers = content.get("events", {"number": 0, "weight": 0.0})
    return all(isinstance(text, str) for text in texts) and all(
        isinstance(numbers.get(name), int | float) for name in ("number", "weight")
    )


@functools.cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@functools.cache
def _git_revision() -> str | None:
    """Revision of the source tree that runs, where it is one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
