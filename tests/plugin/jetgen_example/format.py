"""A file format: a line ``#jet list``, then a line of ``px py pz; px py pz; ...`` for each jet."""

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.datasets.formats.source import Format, Source

HEAD = b"#jet list\n"


class JetListSource(Source):
    """The jets of one file, in GeV."""

    @cached_property
    def jets(self) -> list[Tensor]:
        lines = self.path.read_text(encoding="utf-8").splitlines()[1:]
        return [
            torch.tensor([[float(v) for v in particle.split()] for particle in line.split(";")])
            for line in lines
        ]

    @property
    def slots(self) -> int:
        return max(map(len, self.jets), default=0)

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    def __len__(self) -> int:
        return len(self.jets)

    def types(self) -> Tensor:
        return torch.full((len(self),), -1)

    def read(self, start: int, stop: int) -> ParticleCloud:
        chosen = self.jets[start:stop]
        particles = torch.zeros(len(chosen), self.slots, 3)
        mask = torch.zeros(len(chosen), self.slots, dtype=torch.bool)
        for k, jet in enumerate(chosen):
            particles[k, : len(jet)], mask[k, : len(jet)] = jet, True
        return ParticleCloud(particles, mask, CARTESIAN)


def matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HEAD)) == HEAD


JET_LIST = Format(
    name="jet list",
    description="a line #jet list, then px py pz; px py pz; ... of each jet",
    matches=matches,
    open=lambda path, jet_type: JetListSource(path),
)
