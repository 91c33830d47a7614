"""JetNet's HDF5 files: relative particles in 30 or 150 slots, one jet class per file.

Source: "Particle Cloud Generation with Message Passing Generative Adversarial Networks",
R. Kansal et al., 2021, arXiv:2106.11535; the files are Zenodo records 6975118 and 6975117.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from jetgen.cloud import RELATIVE, Feature, ParticleCloud
from jetgen.datasets.faults import BAD_MASK
from jetgen.datasets.formats.hdf5 import Hdf5Source, shapes
from jetgen.datasets.formats.source import Format
from jetgen.physics.classes import UNKNOWN_CLASS, class_index

CONDITIONS = (
    Feature("pt", "GeV"),
    Feature("eta"),
    Feature("mass", "GeV"),
    Feature("num_particles"),
    Feature("type"),
)


class JetNetSource(Hdf5Source):
    """Particles as ``etarel, phirel, ptrel``; the azimuth of the jets is not in the file.

    The class is determined by the published file name (``g.hdf5``, ``t150.hdf5``), else
    ``jet_type``.
    """

    def __init__(self, path: str | Path, jet_type: str | None = None) -> None:
        super().__init__(path)
        name = _class_in_name(self.path) or jet_type
        self.type_index = UNKNOWN_CLASS if name is None else class_index(name)

    @property
    def slots(self) -> int:
        return int(self.file["particle_features"].shape[1])

    def __len__(self) -> int:
        return int(self.file["particle_features"].shape[0])

    def types(self) -> Tensor:
        return torch.full((len(self),), self.type_index)

    def read(self, start: int, stop: int) -> ParticleCloud:
        particles = self.numbers("particle_features", start, stop)
        jets = self.numbers("jet_features", start, stop)  # pt, eta, mass, n
        kind = torch.full((len(jets), 1), float(self.type_index), dtype=jets.dtype)
        return ParticleCloud(
            particles[..., :3].clone(),
            particles[..., 3] != 0,
            RELATIVE,
            torch.cat([jets, kind], dim=1),
            CONDITIONS,
        )

    def faults(self, start: int, stop: int) -> dict[str, Tensor]:
        particles = self.numbers("particle_features", start, stop)
        column = particles[..., 3]
        beneath = (particles[..., :3] != 0).any(-1) & (column == 0)
        return {
            BAD_MASK: ((column != 0) & (column != 1)).any(1),
            "values where the mask is 0": beneath.any(1),
        }


def _class_in_name(path: Path) -> str | None:
    published = re.fullmatch(r"([gqtwz])(30|150)?", path.stem)
    return published.group(1) if published else None


def _matches(path: Path) -> bool:
    found = shapes(path)
    particles, jets = found.get("particle_features", ()), found.get("jet_features", ())
    relative = len(particles) == 3 and particles[2] == 4 and jets == (particles[0], 4)
    return relative and "constituents" not in found  # jetgen's own files also contain these


JETNET_HDF5 = Format(
    name="JetNet HDF5",
    description="particle_features (J, N, 4) and jet_features (J, 4)",
    matches=_matches,
    open=JetNetSource,
    works=("Kansal:2021",),
    class_in_name=_class_in_name,
)
