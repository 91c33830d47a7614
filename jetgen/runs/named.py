"""What the name of a run stands for: its folder, or a model that comes with jetgen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from jetgen.errors import InputError, did_you_mean, some
from jetgen.pretrained import Shipped, shipped_models
from jetgen.runs.folder import RunFolder


class Named(NamedTuple):
    """The folder of a run; of a model that comes with jetgen also its entry in the list of them."""

    folder: RunFolder
    shipped: Shipped | None = None

    @property
    def name(self) -> str:
        """The name for messages."""
        return str(self.folder.path) if self.shipped is None else self.shipped.name

    @property
    def fixed(self) -> dict[str, str]:
        """The conditions that are fixed by the name."""
        jet_type = None if self.shipped is None else self.shipped.jet_type
        return {} if jet_type is None else {"type": jet_type}

    @property
    def generated_file(self) -> Path:
        """Where generated jets are written by default; never into the package."""
        return self.folder.generated_file if self.shipped is None else Path(f"{self.name}.h5")

    @property
    def report_folder(self) -> Path:
        """Where a report is written by default."""
        own = self.shipped is None
        return self.folder.report_folder if own else Path(f"{self.name}-report")


def named(run: str | Path) -> Named:
    """The run in a folder or, where there is none, the model of this name that comes with jetgen.

    Raises:
        InputError: when there is neither.
    """
    folder, models = RunFolder(run), shipped_models()
    if folder.exists():
        return Named(folder)
    if str(run) in models:
        return Named(RunFolder(models[str(run)].folder), models[str(run)])
    listed = f" or the name of a model that comes with jetgen ({some(models)})" if models else ""
    raise InputError(
        f"{run}: expected the folder of a run (with config.yaml){listed}, found none"
        f"{did_you_mean(str(run), models)}; `jetgen.train(run=FOLDER)` makes a run"
    )
