"""EnergyFlow's quark and gluon jets: NumPy archives, read in pieces.

Source: "Energy Flow Networks: Deep Sets for Particle Jets", P. T. Komiske, E. M. Metodiev,
J. Thaler, 2018, arXiv:1810.05165; the files are Zenodo records 3164691 and 3066475.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, Feature, ParticleCloud
from jetgen.datasets.faults import NEGATIVE_PT
from jetgen.datasets.formats.labels import require_labels
from jetgen.datasets.formats.numpy_arrays import NumpyArray, numpy_arrays
from jetgen.datasets.formats.source import Format, Source
from jetgen.physics import fourvectors
from jetgen.physics.classes import class_index
from jetgen.physics.fourvectors import JET_KINEMATICS

CONDITIONS = (*JET_KINEMATICS, Feature("num_particles"), Feature("type"))


LABELS = (0, 1)
"""The labels of gluons and quarks."""


class EnergyFlowSource(Source):
    """Massless particles as ``px, py, pz``; jets are the sums of their particles."""

    @cached_property
    def _arrays(self) -> dict[str, NumpyArray]:
        return numpy_arrays(self.path)

    @property
    def slots(self) -> int:
        return self._arrays["X"].shape[1]

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    def __len__(self) -> int:
        return self._arrays["X"].shape[0]

    def types(self) -> Tensor:
        """Gluons for ``y = 0``, quarks for ``y = 1``.

        Raises:
            InputError: for other labels.
        """
        return self._types

    @cached_property
    def _types(self) -> Tensor:
        labels = self._arrays["y"].rows(0, len(self)).astype(np.float64)
        advice = "0 is a gluon and 1 a quark"
        require_labels(np.isin(labels, LABELS), labels, f"{self.path}: y", advice=advice)
        quark = torch.from_numpy(labels == 1)
        return torch.where(quark, class_index("quark"), class_index("gluon"))

    def close(self) -> None:
        for array in self._arrays.values():
            array.close()

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = self._values(start, stop)  # pt, rapidity, phi, pdgid
        mask = (values != 0).any(-1)
        p4 = fourvectors.massless(*values[..., :3].unbind(-1))
        total = torch.where(mask.unsqueeze(-1), p4, p4.new_zeros(())).sum(1)
        measured = (fourvectors.pt, fourvectors.eta, fourvectors.phi, fourvectors.mass)
        columns = [measure(total) for measure in measured]
        columns += [mask.sum(1), self._types[start:stop]]
        conditions = torch.stack([column.float() for column in columns], dim=1)
        return ParticleCloud(p4[..., :3].float(), mask, CARTESIAN, conditions, CONDITIONS)

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        return {NEGATIVE_PT: (self._values(start, stop)[..., 0] < 0).any(1)}

    def _values(self, start: int, stop: int) -> Tensor:
        """Rows of ``X`` ``(stop - start, N, 4)`` in float64."""
        return torch.from_numpy(self._arrays["X"].rows(start, stop).astype(np.float64))


def _matches(path: Path) -> bool:
    found = {name: array.shape for name, array in numpy_arrays(path).items()}
    jets, labels = found.get("X", ()), found.get("y", ())
    return len(jets) == 3 and jets[2] == 4 and labels == jets[:1]


ENERGYFLOW_NPZ = Format(
    name="EnergyFlow npz",
    description="X (J, M, 4) = pt, rapidity, phi, pdgid and y (J,) = 1 quark, 0 gluon",
    matches=_matches,
    open=lambda path, jet_type: EnergyFlowSource(path),
    works=("Komiske:2018",),
)
