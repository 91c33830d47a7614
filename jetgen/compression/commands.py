"""What ``jetgen compress`` and ``jetgen decompress`` do: jets to a small file, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from jetgen import __version__
from jetgen.compression.coding import Coder
from jetgen.compression.container import Reader, Writer
from jetgen.config.compress import CompressConfig
from jetgen.config.decompress import DecompressConfig
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.reading import iter_chunks
from jetgen.errors import InputError
from jetgen.files import sha256, whole_file
from jetgen.generation import load
from jetgen.training import choose_device

JETS_PER_FRAME = 1024
BYTES_PER_PARTICLE = 12
"""Three momenta in single precision, which a ratio of compression is measured against."""


class Compressed(NamedTuple):
    """What became of the jets.

    Args:
        path: the file written.
        jets: number of jets.
        particles: number of particles stored.
        dropped: particles that the run does not keep.
        size: bytes of the file.
    """

    path: Path
    jets: int
    particles: int
    dropped: int
    size: int

    @property
    def ratio(self) -> float:
        """Bytes of the particles' px, py, pz in single precision, over those of the file."""
        return BYTES_PER_PARTICLE * (self.particles + self.dropped) / self.size


def compress(config: CompressConfig) -> Compressed:
    """Write the jets of a file as codes of a run, streamed.

    Raises:
        InputError: when the run is no finished autoencoder, the jets do not fit it, or the
            output exists already.
    """
    path = Path(config.output)
    if path.exists() and not config.overwrite:
        raise InputError(
            f"{path}: expected a new file, received one that exists; choose another name, or "
            "--overwrite"
        )
    model = load(config.run, choose_device(config.device))
    coder = Coder(model, config.step, config.max_error)
    header = {
        "jetgen_version": __version__,
        "command": ["jetgen", *sys.argv[1:]],
        "model_sha256": sha256(model.folder.best),
        "latent": model.config.latent,
        "particles": model.config.particles,
        "columns": [list(feature) for feature in model.model.layout.features],
        "step": config.step,
        "max_error": config.max_error,
    }
    jets = particles = dropped = 0
    with whole_file(path) as temporary, temporary.open("wb") as file:
        writer = Writer(file, header)
        for cloud in iter_chunks(config.input, JETS_PER_FRAME):
            arrays = coder.encode(cloud)
            writer.append(arrays)
            stored = int(arrays["multiplicity"].sum())
            jets += len(cloud)
            particles += stored
            dropped += int(cloud.multiplicity.sum()) - stored
        writer.finish({"jets": jets, "particles": particles, "dropped": dropped})
    return Compressed(path, jets, particles, dropped, path.stat().st_size)


def decompress(config: DecompressConfig) -> Path:
    """Write the jets of a compressed file to HDF5, streamed; return the file's path.

    Raises:
        InputError: when the file is damaged or was made with another model, or the output
            exists already.
    """
    reader = Reader(config.input)
    model = load(config.run, choose_device(config.device))
    wanted, found = reader.header["model_sha256"], sha256(model.folder.best)
    if wanted != found:
        raise InputError(
            f"--run: expected the model that {config.input} was compressed with (SHA-256 "
            f"{wanted[:12]}...), received {config.run} ({found[:12]}...)"
        )
    coder = Coder(model, reader.header["step"], reader.header["max_error"])
    path = Path(config.output)
    with JetgenWriter(
        path,
        attributes={"command": ["jetgen", *sys.argv[1:]], "compressed": reader.header},
        slots=model.config.particles,
        overwrite=config.overwrite,
    ) as writer:
        for arrays in reader:
            writer.append(coder.decode(arrays))
        if reader.counts is None or reader.counts["jets"] != writer.jets:
            raise InputError(
                f"{config.input}: expected {reader.counts} as it says at its end, found "
                f"{writer.jets} jets"
            )
    return path
