"""Jets in the format of OmniLearn: relative particles with logarithms, jets and labels.

Source: "OmniLearn: A Method to Simultaneously Facilitate All Jet Physics Tasks", V. Mikuni,
B. Nachman, 2024, arXiv:2404.16091.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.datasets.formats.hdf5 import Hdf5Source, shapes
from jetgen.datasets.formats.jetnet_hdf5 import CONDITIONS
from jetgen.datasets.formats.momenta import Slots, assemble
from jetgen.datasets.formats.recognition import suggestion
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError
from jetgen.physics.classes import CLASSES, JET_CLASSES, UNKNOWN_CLASS, class_index

PARTICLES, JETS, LABELS = "data", "jet", "pid"
FEWEST_COLUMNS = 7

ONE_HOT = {
    len(JET_CLASSES): JET_CLASSES,
    10: ("qcd", "hbb", "hcc", "hgg", "h4q", "hqql", "z", "w", "top", "tbl"),
}
"""Classes of one-hot labels, by number of columns, in the order of JetNet and JetClass."""

TOLERANCE = 0.01
"""Largest difference of ptrel between the two logarithms of a particle's pT due to rounding."""


class OmniLearnSource(Hdf5Source):
    """Particles as ``etarel, phirel, ptrel`` from ``log pT``; the jets' azimuth is not in the file.

    The classes of one-hot labels follow from the number of columns. Other labels are numbers whose
    meaning depends on the data set; a map defines it: ``{"top": "pid:1", "qcd": "pid:0"}``.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._classes: dict[float, int] = {}

    def mapped(self, chosen: Mapping[str, str]) -> None:
        for name, text in chosen.items():
            found = re.fullmatch(rf"{LABELS}:(-?\d+)", text)
            if name not in CLASSES or not found:
                raise InputError(
                    f"{self.path}: expected a map of classes to labels, such as "
                    f"{suggestion({'top': f'{LABELS}:1'})}, received {name!r}: {text!r}"
                )
            self._classes[float(found[1])] = class_index(name)

    @property
    def slots(self) -> int:
        return int(self.file[PARTICLES].shape[1])

    def __len__(self) -> int:
        return int(self.file[PARTICLES].shape[0])

    def types(self) -> Tensor:
        return self._types

    @cached_property
    def _types(self) -> Tensor:
        labels = self.rows(LABELS, 0, len(self))
        if labels.ndim == 2 and labels.shape[1] in ONE_HOT:
            if not (np.isin(labels, (0, 1)).all() and (labels.sum(1) <= 1).all()):
                raise InputError(f"{self.path}: expected one label per jet, 0 or 1, in {LABELS}")
            known = np.array([class_index(name) for name in ONE_HOT[labels.shape[1]]])
            return torch.from_numpy(np.where(labels.any(1), known[labels.argmax(1)], -1))
        codes = labels.reshape(len(labels), -1)[:, 0]
        if not self._classes:
            return torch.full((len(codes),), UNKNOWN_CLASS)
        other = ~np.isin(codes, list(self._classes))
        if other.any():
            raise InputError(
                f"{self.path}: expected labels among {', '.join(f'{k:g}' for k in self._classes)} "
                f"in {LABELS}, received {codes[other][0]:g} in jet {int(other.argmax())} and "
                f"{int(other.sum())} jets in total"
            )
        return torch.tensor([self._classes[float(code)] for code in codes])

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = self.rows(PARTICLES, start, stop).astype(np.float64)
        jets = self.rows(JETS, start, stop).astype(np.float64)  # pt, eta, mass, n
        mask = (values != 0).any(-1)
        share = np.where(mask, np.exp(values[..., 3]) / jets[:, :1], 0.0)
        self._require_shares(values[..., 2], share, mask, start)
        columns: dict[str, Any] = {"etarel": values[..., 0], "phirel": values[..., 1]}
        columns |= {"ptrel": share, "mask": mask.astype(np.float64)}
        whole = torch.ones(mask.shape, dtype=torch.bool)
        cloud = assemble(
            {role: Slots(torch.from_numpy(column), whole) for role, column in columns.items()},
            {"pt": jets[:, 0], "eta": jets[:, 1], "mass": jets[:, 2]},
            self._types[start:stop],
            scale=1.0,
            padded=True,
        )
        return cloud.with_conditions({CONDITIONS[3]: torch.from_numpy(jets[:, 3])})

    def _require_shares(
        self, logarithm: np.ndarray[Any, Any], share: np.ndarray[Any, Any], mask: Any, start: int
    ) -> None:
        """Check that column 2, the logarithm of ``1 - pT / jet pT``, agrees with column 3."""
        inside = mask & (share < 1)
        off = inside & (np.abs(np.exp(logarithm) - (1 - share)) > TOLERANCE)
        if off.any():
            jet = start + int(off.any(1).argmax())
            raise InputError(
                f"{self.path}: expected {PARTICLES} of OmniLearn, whose columns 2 and 3 are "
                f"log(1 - pT / jet pT) and log pT, received others in jet {jet}; where these are "
                "columns of another kind, convert them"
            )


def _matches(path: Path) -> bool:
    found = shapes(path)
    particles, jets = found.get(PARTICLES, ()), found.get(JETS, ())
    labels = found.get(LABELS, ())
    wide = len(particles) == 3 and particles[2] >= FEWEST_COLUMNS
    return wide and jets == (particles[0], 4) and labels[:1] == particles[:1]


OMNILEARN_HDF5 = Format(
    name="OmniLearn HDF5",
    description=f"{PARTICLES} (J, N, 7 or more), {JETS} (J, 4) and {LABELS} (J,) or (J, classes)",
    matches=_matches,
    open=lambda path, jet_type: OmniLearnSource(path),
    works=("Mikuni:2024",),
)
