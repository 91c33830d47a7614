"""What a trained model leaves to be desired, in ``health.json`` beside its metrics."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from jetgen.errors import HealthWarning, InputError
from jetgen.files.whole import write_json

UNFINISHED = "unfinished"
"""The kind of finding of a stage that its time limit ended before it had done its minimum."""


class Finding(NamedTuple):
    """What is wrong with a stage of a training: its kind in a word or two, and one line."""

    stage: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.stage}: {self.kind}: {self.text}"


def read_health(path: Path) -> list[Finding]:
    """The findings in a run's file; none where it is absent, as in runs of jetgen 0.1.

    Raises:
        InputError: when the file is damaged.
    """
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [Finding(**finding) for finding in content["findings"]]
        if all(isinstance(text, str) for finding in found for text in finding):
            return found
    except (ValueError, TypeError, KeyError, RecursionError):
        pass  # as below
    raise InputError(
        f"{path}: expected what jetgen train found of a model, received something else; remove the "
        "file, or train again"
    )


def write_health(path: Path, findings: Iterable[Finding]) -> None:
    """Write all findings of a run, whole or not at all."""
    write_json(path, {"findings": [finding._asdict() for finding in findings]})


def warn_of(findings: Iterable[Finding], run: object) -> None:
    """One warning per finding.

    Warns:
        HealthWarning: that names the run.
    """
    for finding in findings:
        warnings.warn(f"{run}: {finding}", HealthWarning, stacklevel=3)
