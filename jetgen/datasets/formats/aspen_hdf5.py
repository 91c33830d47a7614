"""Aspen Open Jets: jets of CMS Open Data with their particle-flow candidates.

Source: "Aspen Open Jets: Unlocking LHC Data for Foundation Models in Particle Physics",
O. Amram, L. Anzalone et al., 2024, arXiv:2412.10504; doi:10.25592/uhhfdm.16505.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets.formats.hdf5 import Hdf5Source, shapes
from jetgen.datasets.formats.momenta import Slots, assemble
from jetgen.datasets.formats.source import Format
from jetgen.physics.classes import UNKNOWN_CLASS

CANDIDATES, JETS = "PFCands", "jet_kinematics"
SOFTDROP = Feature("softdrop_mass", "GeV")


class AspenSource(Hdf5Source):
    """Candidates as ``px, py, pz, E``; slots without energy are empty.

    The pT, eta and phi of the jets are those of the file. The mass in the file is the soft-drop
    mass, which becomes a separate condition; the mass of a jet is computed from its candidates.
    """

    @property
    def slots(self) -> int:
        return int(self.file[CANDIDATES].shape[1])

    def __len__(self) -> int:
        return int(self.file[CANDIDATES].shape[0])

    def types(self) -> Tensor:
        return torch.full((len(self),), UNKNOWN_CLASS)

    def read(self, start: int, stop: int) -> ParticleCloud:
        values = torch.from_numpy(self.rows(CANDIDATES, start, stop)[..., :4].astype(np.float64))
        whole = torch.ones(values.shape[:2], dtype=torch.bool)
        jets = self.rows(JETS, start, stop).astype(np.float64)
        cloud = assemble(
            {n: Slots(values[..., k], whole) for k, n in enumerate(("px", "py", "pz", "E"))},
            {name: jets[:, k] for k, name in enumerate(("pt", "eta", "phi"))},
            torch.full((len(values),), UNKNOWN_CLASS),
            scale=1.0,
            padded=True,
        )
        return cloud.with_conditions({SOFTDROP: torch.from_numpy(jets[:, 3])})


def _matches(path: Path) -> bool:
    found = shapes(path)
    candidates, jets = found.get(CANDIDATES, ()), found.get(JETS, ())
    return len(candidates) == 3 and candidates[2] >= 4 and jets == (candidates[0], 4)


ASPEN_HDF5 = Format(
    name="Aspen Open Jets HDF5",
    description=f"{CANDIDATES} (J, N, 11) = px, py, pz, E, ... and {JETS} (J, 4)",
    matches=_matches,
    open=lambda path, jet_type: AspenSource(path),
    works=("Amram:2024",),
)
