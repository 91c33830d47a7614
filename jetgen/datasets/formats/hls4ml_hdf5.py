"""The LHC jet data set's HDF5 files (``jetImage_*_100p_*.h5``, ``jetImage_*_150p_*.h5``).

Source: "Fast inference of deep neural networks in FPGAs for particle physics",
J. Duarte et al., 2018, arXiv:1804.06913; the files are Zenodo records 3602254 and 3602260.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.datasets.formats.hdf5 import Hdf5Source, shapes
from jetgen.datasets.formats.labels import require_labels
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError, some
from jetgen.physics import fourvectors
from jetgen.physics.classes import JET_CLASSES, UNKNOWN_CLASS
from jetgen.physics.fourvectors import JET_KINEMATICS

CONSTITUENT_TABLE, JET_TABLE = "jetConstituentList", "jets"
PARTICLE_NAMES, JET_NAMES = "particleFeatureNames", "jetFeatureNames"
MOMENTUM = ("j1_px", "j1_py", "j1_pz", "j1_e")
LABELS = tuple(f"j_{name[0]}" for name in JET_CLASSES)
CONDITIONS = (*JET_KINEMATICS, Feature("num_particles"), Feature("type"))


class Hls4mlSource(Hdf5Source):
    """Particles as ``px, py, pz, E``; columns are found by their names in the file."""

    @property
    def slots(self) -> int:
        return int(self.file[CONSTITUENT_TABLE].shape[1])

    def __len__(self) -> int:
        return int(self.file[CONSTITUENT_TABLE].shape[0])

    def types(self) -> Tensor:
        labels = self._labels(0, len(self))
        known = labels.any(axis=1)
        return torch.from_numpy(np.where(known, labels.argmax(axis=1), UNKNOWN_CLASS))

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = self.numbers(CONSTITUENT_TABLE, start, stop)
        particles = values[..., self._momentum_columns]
        mask = (particles != 0).any(-1)
        total = particles.double().sum(1)
        jets = self.rows(JET_TABLE, start, stop)
        known = {"j_pt": "pt", "j_eta": "eta", "j_phi": "phi", "j_mass": "mass"}
        columns = {
            name: torch.from_numpy(jets[:, self._jet_columns[key]].astype(np.float32))
            for key, name in known.items()
            if key in self._jet_columns
        }
        columns.setdefault("phi", fourvectors.phi(total).float())
        labels = self._labels(start, stop)
        types = np.where(labels.any(axis=1), labels.argmax(axis=1), UNKNOWN_CLASS)
        columns["num_particles"] = mask.sum(1).float()
        columns["type"] = torch.from_numpy(types).float()
        conditions = torch.stack([columns[f.name] for f in CONDITIONS], dim=1)
        return ParticleCloud(particles, mask, CARTESIAN_ENERGY, conditions, CONDITIONS)

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        several = self._labels(start, stop).sum(axis=1) > 1
        return {"more than one class label": torch.from_numpy(several)}

    @cached_property
    def _momentum_columns(self) -> list[int]:
        # The published files name 17 columns but contain 16: the last, j1_pdgid, is missing.
        names = self._names(PARTICLE_NAMES)[: self.file[CONSTITUENT_TABLE].shape[2]]
        return [self._position(name, names, PARTICLE_NAMES) for name in MOMENTUM]

    @cached_property
    def _jet_columns(self) -> dict[str, int]:
        names = self._names(JET_NAMES)[: self.file[JET_TABLE].shape[1]]
        for name in ("j_pt", "j_eta", "j_mass", *LABELS):
            self._position(name, names, JET_NAMES)
        return {name: column for column, name in enumerate(names)}

    def _labels(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        columns = [self._jet_columns[name] for name in LABELS]
        labels = self.rows(JET_TABLE, start, stop)[:, columns]
        known = np.isin(labels, (0, 1))
        odd = np.where(known, 0, labels).max(axis=1)
        advice = "each of the five is 0 or 1"
        require_labels(known.all(axis=1), odd, f"{self.path}: {JET_TABLE}", start, advice)
        return labels == 1

    def _names(self, dataset: str) -> list[str]:
        values = self.rows(dataset, 0, self.file[dataset].shape[0])
        return [v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()]

    def _position(self, name: str, names: list[str], dataset: str) -> int:
        if name not in names:
            raise InputError(
                f"{self.path}: expected a column {name} in {dataset}, received "
                f"{some(names)}; is this a file of the LHC jet data set?"
            )
        return names.index(name)


def _matches(path: Path) -> bool:
    found = shapes(path)
    constituents, jets = found.get(CONSTITUENT_TABLE, ()), found.get(JET_TABLE, ())
    named = PARTICLE_NAMES in found and JET_NAMES in found
    return named and len(constituents) == 3 and len(jets) == 2 and constituents[0] == jets[0]


HLS4ML_HDF5 = Format(
    name="LHC jet data set HDF5",
    description=f"{CONSTITUENT_TABLE} (J, N, 16), {JET_TABLE} (J, 59), "
    f"{PARTICLE_NAMES}, {JET_NAMES}",
    matches=_matches,
    open=lambda path, jet_type: Hls4mlSource(path),
    works=("Duarte:2018",),
)
