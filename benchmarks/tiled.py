"""Files with any number of jets: those of data/gluon.h5 again and again, with small changes."""

from __future__ import annotations

from pathlib import Path

import torch

from jetgen.cloud import ParticleCloud
from jetgen.datasets import read
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter

GLUONS = Path(__file__).parents[1] / "data" / "gluon.h5"
FILES = 4
"""Files per sample."""


def tiled(jets: int, particles: int, seed: int, folder: Path) -> Path:
    """A folder of files with this number of jets, from every second one of data/gluon.h5.

    Args:
        jets: how many.
        particles: number of leading particles that are kept of each.
        seed: of the changes; samples of odd and of even seeds have different jets.
        folder: where the files are written, unless they are there.
    """
    target = folder / f"jets-{jets}-{seed}"
    if target.exists():
        return target
    gluons = read(GLUONS, particles=particles)[seed % 2 :: 2]
    generator = torch.Generator().manual_seed(seed)
    partial = target.with_name(target.name + ".part")
    partial.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        left = jets // FILES
        with JetgenWriter(
            partial / f"{number}.h5", attributes={}, slots=particles, overwrite=True
        ) as writer:
            while left:
                some = gluons[: min(left, len(gluons))]
                writer.append(jittered(some, generator))
                left -= len(some)
    partial.rename(target)
    return target


def jittered(jets: ParticleCloud, generator: torch.Generator) -> ParticleCloud:
    """The jets with momenta changed by a percent or so, that none is a copy of another."""
    factor = 1 + 0.01 * torch.randn(len(jets), 1, 1, generator=generator)
    return jets.replace(particles=jets.particles * factor)
