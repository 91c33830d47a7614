"""How the training went, epoch by epoch."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetgen.errors import InputError
from jetgen.reports.style import grid

_SETS = {"train": ("#0072B2", "-"), "validation": ("#D55E00", (0, (5, 1.5)))}
_UNITS = {"seconds": "s", "jets_per_second": "jets / s"}


def read_history(path: Path) -> dict[str, NDArray[np.float64]]:
    """The columns of a run's ``metrics.csv``; an empty cell is NaN.

    Raises:
        InputError: when the file has no ``epoch`` column or no row.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    if not rows or "epoch" not in rows[0]:
        raise InputError(f"{path}: expected a column `epoch` and at least one row, found neither")
    try:
        return {
            name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0] if name
        }
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: expected numbers in every cell ({error})") from error


def training_curves(path: Path) -> Figure:
    """One panel a term with training and validation in it, then the other columns."""
    columns = read_history(path)
    epoch = columns.pop("epoch")
    panels: dict[str, dict[str, NDArray[np.float64]]] = {}
    for name, values in columns.items():
        kind, _, term = name.partition("_")
        title, part = (term, kind) if kind in _SETS and term else (name, "")
        if np.isfinite(values).any():
            panels.setdefault(title, {})[part] = values
    panels = dict(sorted(panels.items(), key=lambda item: "" in item[1]))
    width = min(3, len(panels))
    height = math.ceil(len(panels) / width)
    figure, spec = grid(
        height, width, panel=(3.4, 2.2), margins=(0.85, 0.15, 0.55, 0.25), gaps=(0.95, 0.65)
    )
    axes = spec.subplots(squeeze=False)
    for axis, (title, parts) in zip(axes.flat, panels.items(), strict=False):
        for part, values in parts.items():
            colour, dashes = _SETS.get(part, ("#333333", "-"))
            marker = "o" if len(epoch) < 3 else None
            axis.plot(epoch, values, color=colour, linestyle=dashes, label=part, marker=marker)
        unit = f" [{_UNITS[title]}]" if title in _UNITS else ""
        axis.set_ylabel(title.replace("_", " ") + unit)
        axis.set_xlabel("Epoch")
        every = np.concatenate(list(parts.values()))
        every = every[np.isfinite(every)]
        if len(every) and every.min() > 0 and every.max() > 20 * every.min():
            axis.set_yscale("log")
        if "" not in parts:
            axis.legend()
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    return figure
