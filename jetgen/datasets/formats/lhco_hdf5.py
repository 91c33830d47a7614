"""The events of the LHC Olympics 2020: up to 700 particles a collision, in a table of pandas.

Source: The LHC Olympics 2020: A Community Challenge for Anomaly Detection in High Energy Physics
(G. Kasieczka, B. Nachman, D. Shih et al., 2021), arXiv:2101.08320; the files are Zenodo records
4536377, 6466204 and 4536624.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.formats.hdf5 import Hdf5Source, open_hdf5
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError
from jetgen.extras import install_command
from jetgen.physics.classes import UNKNOWN_CLASS, class_index

PARTICLES = 700
FEATURES = (Feature("pt", "GeV"), Feature("eta"), Feature("phi", "rad"))
TYPES = np.array([class_index("lhco-qcd"), class_index("lhco-signal")])
"""The type indices of the labels 0 and 1."""

ROWS = 10_000
"""Events that are read at once where only their labels are wanted."""


class Block(NamedTuple):
    """Some of the columns of the table: a dataset, or a field of one whose rows are records."""

    dataset: str
    field: str | None
    columns: int


class LhcoSource(Hdf5Source):
    """Particles as ``pt, eta, phi``, massless; the condition is the ``type``.

    Both layouts of pandas are read: a frame in fixed form, one dataset for the columns of each
    number type, and a table, one dataset of records. The label, 1 for the signal, is the last
    column of 2101; files without labels have 2100.
    """

    @property
    def slots(self) -> int:
        return PARTICLES

    def __len__(self) -> int:
        return int(self.file[self._blocks[0].dataset].shape[0])

    @cached_property
    def _blocks(self) -> list[Block]:
        """The blocks of columns, the particles first.

        Raises:
            InputError: when they are compressed by a method that is not there.
        """
        found = _blocks(self.file)
        with suppress(ImportError):
            import hdf5plugin  # noqa: F401, makes its methods known to h5py
        for block in found:
            settings = self.file[block.dataset].id.get_create_plist()
            for number in range(settings.get_nfilters()):
                code, _, _, name = settings.get_filter(number)
                if not h5py.h5z.filter_avail(code):
                    raise InputError(
                        f"{self.path}: expected data that can be unpacked, received data "
                        f"compressed by {name.decode() or code}; "
                        f"{install_command('hdf5plugin')} reads blosc and bzip2, and the ptrepack "
                        "of PyTables repacks any file"
                    )
        return found

    def types(self) -> Tensor:
        starts = range(0, len(self), ROWS)
        return torch.cat([self._types(self._values(start, start + ROWS)) for start in starts])

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = self._values(start, stop)
        particles = values[:, : 3 * PARTICLES].reshape(-1, PARTICLES, 3)
        return ParticleCloud(
            torch.from_numpy(particles),
            torch.from_numpy(particles[..., 0] > 0),
            FEATURES,
            self._types(values).to(torch.from_numpy(particles)).unsqueeze(1),
            (Feature("type"),),
        )

    def _values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """The columns ``(B, 2100 or 2101)`` of events."""
        rows = {name: self.rows(name, start, stop) for name in {b.dataset for b in self._blocks}}
        parts = [
            rows[b.dataset] if b.field is None else rows[b.dataset][b.field] for b in self._blocks
        ]
        return np.concatenate(parts, axis=1)

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


def _blocks(file: h5py.File) -> list[Block]:
    """The blocks of the one table in a file, the widest first; none for other files."""
    found = [block for group in file.values() for block in _of_group(group)]
    return sorted(found, key=lambda block: -block.columns)


def _of_group(group: Any) -> Iterator[Block]:
    if not isinstance(group, h5py.Group) or "pandas_type" not in group.attrs:
        return
    for name, item in group.items():
        if re.fullmatch(r"block\d+_values", name) and len(item.shape) == 2:
            yield Block(item.name, None, item.shape[1])
        if name == "table":
            for field in item.dtype.names:
                if re.fullmatch(r"values_block_\d+", field):
                    yield Block(item.name, field, int(np.prod(item.dtype[field].shape)))


def _matches(path: Path) -> bool:
    if not h5py.is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        columns = [block.columns for block in _blocks(file)]
    return columns in ([3 * PARTICLES + 1], [3 * PARTICLES], [3 * PARTICLES, 1])


LHCO_HDF5 = Format(
    name="LHC Olympics HDF5",
    description="a table of pandas with 2100 columns, 700 x (pt, eta, phi), and perhaps a label",
    matches=_matches,
    open=lambda path, jet_type: LhcoSource(path),
    works=("Kasieczka:2021",),
)
