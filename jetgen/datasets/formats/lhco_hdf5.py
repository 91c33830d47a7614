"""The events of the LHC Olympics 2020: up to 700 particles per collision, in a pandas table.

Source: The LHC Olympics 2020: A Community Challenge for Anomaly Detection in High Energy Physics
(G. Kasieczka, B. Nachman, D. Shih et al., 2021), arXiv:2101.08320; the files are Zenodo records
4536377, 6466204 and 4536624.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.faults import NEGATIVE_PT
from jetgen.datasets.formats.hdf5 import Hdf5Source, open_hdf5
from jetgen.datasets.formats.pandas_hdf5 import Block, frames
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError
from jetgen.physics.classes import UNKNOWN_CLASS, class_index

PARTICLES = 700
FEATURES = (Feature("pt", "GeV"), Feature("eta"), Feature("phi", "rad"))
TYPES = np.array([class_index("lhco-qcd"), class_index("lhco-signal")])
"""Type indices of the labels 0 and 1."""

ROWS = 10_000
"""Number of events that are read at once for their labels."""


class LhcoSource(Hdf5Source):
    """Particles as ``pt, eta, phi``, massless; the condition is the ``type``.

    Both layouts of pandas are supported: a frame in fixed form, with one dataset for the columns of
    each number type, and a table, with one dataset of records. The label, 1 for the signal, is the
    last column of 2101; files without labels have 2100.
    """

    @property
    def slots(self) -> int:
        return PARTICLES

    def __len__(self) -> int:
        return int(self.file[self._blocks[0].dataset].shape[0])

    @cached_property
    def _blocks(self) -> list[Block]:
        """The blocks of columns, the particles first."""
        return next(iter(frames(self.file).values()))

    def types(self) -> Tensor:
        starts = range(0, len(self), ROWS)
        return torch.cat([self._types(self._values(start, start + ROWS)) for start in starts])

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = self._values(start, stop)
        particles = values[:, : 3 * PARTICLES].reshape(-1, PARTICLES, 3)
        return ParticleCloud(
            torch.from_numpy(particles),
            torch.from_numpy(particles[..., 0] != 0),
            FEATURES,
            self._types(values).to(torch.from_numpy(particles)).unsqueeze(1),
            (Feature("type"),),
        )

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        particles = self._values(start, stop)[:, : 3 * PARTICLES : 3]
        return {NEGATIVE_PT: torch.from_numpy((particles < 0).any(1))}

    def _values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """The columns ``(B, 2100 or 2101)`` of events."""
        rows = {name: self.rows(name, start, stop) for name in {b.dataset for b in self._blocks}}
        parts = [
            rows[b.dataset] if b.field is None else rows[b.dataset][b.field] for b in self._blocks
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _types(self, values: np.ndarray[Any, Any]) -> Tensor:
        if values.shape[1] == 3 * PARTICLES:
            return torch.full((len(values),), UNKNOWN_CLASS)
        labels = values[:, -1]
        if not np.isin(labels, (0, 1)).all():
            raise InputError(
                f"{self.path}: expected the labels 0 and 1 in the last column, received "
                f"{labels[~np.isin(labels, (0, 1))][0]:g}"
            )
        return torch.from_numpy(TYPES[labels.astype(np.int64)])


def _matches(path: Path) -> bool:
    if not h5py.is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        found = [[block.columns for block in blocks] for blocks in frames(file).values()]
    known = ([3 * PARTICLES + 1], [3 * PARTICLES], [3 * PARTICLES, 1])
    return len(found) == 1 and found[0] in known


LHCO_HDF5 = Format(
    name="LHC Olympics HDF5",
    description="a table of pandas with 2100 columns, 700 x (pt, eta, phi), and perhaps a label",
    matches=_matches,
    open=lambda path, jet_type: LhcoSource(path),
    works=("Kasieczka:2021",),
)
