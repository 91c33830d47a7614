"""Losses, speed and other columns of ``metrics.csv`` against the epoch."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from jetgen.errors import InputError
from jetgen.reports.style import grid

_SETS = ("train", "validation")
_LOOKS: tuple[tuple[str, Any], ...] = (("#0072B2", "-"), ("#D55E00", (0, (5, 1.5))))
_LABELS = {"seconds": "time [s]", "jets_per_second": "speed [jets / s]"}
_NARROWEST = 0.02
"""Smallest range of a linear axis, relative to its values; rounding errors appear constant."""

Columns = dict[str, NDArray[np.float64]]


def read_history(path: Path) -> dict[str, Columns]:
    """The columns of a run's ``metrics.csv`` by ``stage``; an empty cell is NaN.

    A file without a ``stage`` column has one stage, whose name is the empty string.

    Raises:
        InputError: when the file has no ``epoch`` column or no row, or text among the numbers.
    """
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}: expected a table of numbers, found none ({error})") from error
    if not rows or "epoch" not in rows[0]:
        raise InputError(f"{path}: expected a column `epoch` and at least one row, found neither")
    names = [name for name in rows[0] if name and name != "stage"]
    stages: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        stages.setdefault(row.get("stage") or "", []).append(row)
    try:
        return {
            stage: {name: np.array([float(row[name] or "nan") for row in part]) for name in names}
            for stage, part in stages.items()
        }
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: expected numbers in every cell ({error})") from error


Curves = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Epochs and values by label."""


def training_curves(panels: Mapping[str, Curves]) -> Figure:
    """One panel for each title: the losses of training and validation, other columns by stage."""
    width = min(3, len(panels))
    height = math.ceil(len(panels) / width)
    figure, spec = grid(
        height, width, panel=(3.4, 2.2), margins=(0.85, 0.15, 0.55, 0.25), gaps=(0.95, 0.65)
    )
    axes = spec.subplots(squeeze=False)
    for axis, (title, curves) in zip(axes.flat, panels.items(), strict=False):
        for (label, (epoch, values)), (colour, dashes) in zip(
            curves.items(), cycle(_LOOKS), strict=False
        ):
            marker = "o" if len(epoch) < 3 else None
            axis.plot(epoch, values, color=colour, linestyle=dashes, label=label, marker=marker)
        axis.set_ylabel(_LABELS.get(title, title.replace("_", " ")))
        axis.set_xlabel("Epoch")
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        every = np.concatenate([values for _, values in curves.values()])
        if every.min() > 0 and every.max() > 20 * every.min():
            axis.set_yscale("log")
        elif np.ptp(every) < _NARROWEST * np.abs(every).max():
            middle, half = every.mean(), _NARROWEST / 2 * np.abs(every).max()
            axis.set_ylim(middle - half, middle + half)
        if any(curves):
            axis.legend(frameon=True, framealpha=0.8, edgecolor="none")
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    return figure


def training_panels(path: Path) -> dict[str, Curves]:
    """The curves of a ``metrics.csv`` by panel: losses first, in the order of the file.

    A loss of a later stage with the name of an earlier one gets a panel of its own.

    Raises:
        InputError: as :func:`read_history`.
    """
    losses: dict[str, Curves] = {}
    others: dict[str, Curves] = {}
    for stage, columns in read_history(path).items():
        for name, values in columns.items():
            known = np.isfinite(values)
            if name in ("epoch", "step") or not known.any():
                continue
            curve = (columns["epoch"][known], values[known])
            kind, _, term = name.partition("_")
            if kind in _SETS and term:
                taken = kind in losses.get(term, {})
                title = f"{term} ({stage})" if taken or f"{term} ({stage})" in losses else term
                losses.setdefault(title, {})[kind] = curve
            else:
                others.setdefault(name, {})[stage] = curve
    return losses | others
