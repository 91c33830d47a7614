"""Generate particle jets as what they are: unordered, sparse sets of particles."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("jetgen")

_PUBLIC = {
    "ParticleCloud": "jetgen.cloud",
    "read": "jetgen.datasets",
    "TrainConfig": "jetgen.config.train",
    "train": "jetgen.training.command",
    "load": "jetgen.runs.trained_model",
}
"""Public names and their homes; they are imported at first use, so that importing jetgen is
quick and loads no heavy library."""

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'jetgen' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
